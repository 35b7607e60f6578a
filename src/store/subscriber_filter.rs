//! SQL of filters over subscribers: the one place where SQL is assembled per call. Only its structure
//! follows the filter; every value is bound.

use std::fmt::Write as _;

use serde_json::Value as Json;

use selectivity::{has_one_value, indexed_part, needs_indexed_part, selectivity};

use super::db::{Engine, Query, Value};
use super::dialect::search_pattern;
use crate::domain::filter::{Condition, Order, RankTest, SubscriptionTest, TextField, TextTest};

mod selectivity;

/// Order in which a test whether a subscriber has a row of another table reads the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Membership {
    /// Its rows are read at once.
    AtOnce,
    /// Its rows are looked up for one person after the other.
    PerPerson,
    /// Its rows come first, and their subscribers are looked up.
    Joined,
}

/// SQL of a condition on the subscriber `p`, which is true or false but never null, and the values of
/// its parameters `$f0`, `$f1`, …
#[derive(Debug, Clone)]
pub(super) struct FilterSql {
    /// SQL with named parameters and fragments.
    pub(super) text: String,
    values: Vec<Value<'static>>,
    membership: Membership,
    /// Table that is joined with the subscribers, as `x`.
    joined_table: Option<&'static str>,
    /// Engine whose index of trigrams is used; `None` if the rows are tested one after the other.
    index: Option<Engine>,
}

impl FilterSql {
    /// Returns the SQL of a condition, for a query of many subscribers.
    pub(super) fn new(condition: &Condition, engine: Engine) -> Self {
        // Few people have most parts of a name or address, for whom reading other tables as a whole costs
        // more than looking up their rows.
        if needs_indexed_part(condition) {
            return Self::with(condition, Membership::PerPerson, Some(engine));
        }
        let Condition::All(all) = condition else {
            return Self::with(condition, Membership::AtOnce, Some(engine));
        };
        // The rows of the most selective test are read at once; the other tables are looked up for these
        // people only.
        Self::driven(all, Membership::AtOnce, engine)
    }

    /// Returns the SQL of a condition for a query of [`source`](Self::source) that ends after some
    /// subscribers, if one of its tests asks for one value of another table: the rows with this value are
    /// then read only as far as they are needed.
    pub(super) fn joined(condition: &Condition, engine: Engine) -> Option<Self> {
        let all = match condition {
            Condition::All(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        let tests = all.iter().filter(|operand| selectivity(operand).is_some());
        let driver = tests.min_by_key(|operand| selectivity(operand));
        let is_joined = driver.is_some_and(has_one_value);
        (is_joined && !needs_indexed_part(condition))
            .then(|| Self::driven(all, Membership::Joined, engine))
    }

    /// Returns the SQL of conditions that all must be true; the most selective test reads its table as given.
    fn driven(all: &[Condition], membership: Membership, engine: Engine) -> Self {
        let driver = all.iter().filter_map(selectivity).min();
        let mut sql = Self::empty(membership, Some(engine));
        let mut has_driver = false;
        sql.join(all, " AND ", "TRUE", |sql, operand| {
            let of_operand = selectivity(operand);
            let is_driver = of_operand.is_some() && of_operand == driver && !has_driver;
            has_driver |= is_driver;
            sql.membership = match of_operand {
                _ if is_driver => membership,
                None if membership == Membership::AtOnce => Membership::AtOnce,
                _ => Membership::PerPerson,
            };
            sql.condition(operand);
        });
        sql
    }

    /// Returns the tables that a query with this condition reads, for its FROM clause. A subscriber may
    /// then occur repeatedly if [`is_joined`](Self::is_joined).
    pub(super) fn source(&self) -> String {
        self.joined_table.map_or_else(
            || "subscribers p".to_owned(),
            |table| format!("{table} x CROSS JOIN subscribers p"),
        )
    }

    /// Returns `true` if the query reads another table first.
    pub(super) fn is_joined(&self) -> bool {
        self.joined_table.is_some()
    }

    /// Returns the SQL of a condition that is tested for one subscriber after the other, for a query
    /// that ends after some of them.
    pub(super) fn per_row(condition: &Condition) -> Self {
        Self::with(condition, Membership::PerPerson, None)
    }

    fn empty(membership: Membership, index: Option<Engine>) -> Self {
        Self { text: String::new(), values: Vec::new(), membership, joined_table: None, index }
    }

    fn with(condition: &Condition, membership: Membership, index: Option<Engine>) -> Self {
        let mut sql = Self::empty(membership, index);
        sql.condition(condition);
        sql
    }

    /// Begins a test whether the subscriber has a row `x` of a table.
    fn begin_membership(&mut self, table: &'static str) {
        let begin = match self.membership {
            Membership::AtOnce => format!("{{subscriber_in {table} x}} AND "),
            Membership::PerPerson => format!("{{subscriber_has {table} x}} AND "),
            Membership::Joined => {
                self.joined_table = Some(table);
                "(p.id = x.subscriber_id AND ".to_owned()
            }
        };
        self.push(&begin);
    }

    /// Sets the values of the parameters.
    pub(super) fn bind<'q>(&self, query: Query<'q>) -> Query<'q> {
        let values = self.values.iter().enumerate();
        values.fold(query, |query, (at, value)| query.bind(&format!("f{at}"), value.clone()))
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Adds a value and returns its parameter.
    fn parameter(&mut self, value: impl Into<Value<'static>>) -> String {
        self.values.push(value.into());
        format!("$f{}", self.values.len() - 1)
    }

    /// Adds a list of texts and returns its parameter.
    fn list(&mut self, values: &[String]) -> String {
        self.parameter(Json::from(values).to_string())
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::All(all) => self.join(all, " AND ", "TRUE", Self::condition),
            Condition::Any(any) => self.join(any, " OR ", "FALSE", Self::condition),
            Condition::Not(inner) => {
                self.push("NOT ");
                self.join(std::slice::from_ref(&**inner), "", "TRUE", Self::condition);
            }
            Condition::Text(field, test) => self.text_field(*field, test),
            Condition::Language(tags) => self.language(tags),
            Condition::HasLanguage => self.push("p.language IS NOT NULL"),
            Condition::Tag(test) => {
                self.begin_membership("subscriber_tags");
                self.text_test("x.tag_key", test);
                self.push(")");
            }
            Condition::Created(from, until) => {
                self.push("(TRUE");
                for (operator, time) in [(">=", from), ("<", until)] {
                    if let Some(time) = time {
                        let parameter = self.parameter(*time);
                        let _ = write!(self.text, " AND p.created_at {operator} {parameter}");
                    }
                }
                self.push(")");
            }
            Condition::Suppressed => {
                self.push("{suppressed p}");
            }
            Condition::TextAttribute(name, test) => {
                self.attribute(name);
                self.text_test("x.text_key", test);
                self.push(")");
            }
            Condition::RankAttribute(name, test) => {
                self.attribute(name);
                self.rank_test(test);
                self.push(")");
            }
            Condition::Subscription(test) => {
                self.begin_membership("subscriptions");
                self.subscription(test);
                self.push(")");
            }
        }
    }

    /// Appends operands in parentheses; `none` stands for an empty list.
    fn join<T>(
        &mut self,
        operands: &[T],
        operator: &str,
        none: &str,
        mut append: impl FnMut(&mut Self, &T),
    ) {
        self.push("(");
        for (at, operand) in operands.iter().enumerate() {
            self.push(if at == 0 { "" } else { operator });
            append(self, operand);
        }
        self.push(if operands.is_empty() { none } else { "" });
        self.push(")");
    }

    fn text_field(&mut self, field: TextField, test: &TextTest) {
        if let (Some(engine), Some(part)) = (self.index, indexed_part(field, test)) {
            let pattern = self.parameter(search_pattern(part, engine == Engine::Sqlite));
            let _ = write!(self.text, "{{search_index {pattern}}} AND ");
        }
        match field {
            TextField::Address => self.text_test("p.address_key", test),
            TextField::Domain => {
                self.text_test("substr(p.address_key, {position p.address_key '@'} + 1)", test)
            }
            TextField::Name => self.nullable_test("p.name_key", test),
            TextField::Timezone => self.nullable_test("{lower p.timezone}", test),
        }
    }

    /// Appends a test that is false for a null column.
    fn nullable_test(&mut self, column: &str, test: &TextTest) {
        self.push("COALESCE(");
        self.text_test(column, test);
        self.push(", FALSE)");
    }

    fn text_test(&mut self, column: &str, test: &TextTest) {
        match test {
            TextTest::Among(values) => self.among(column, values),
            TextTest::Contains(part) => {
                // The engines treat the case of letters differently, but folded texts have none.
                let pattern = self.parameter(search_pattern(part, false));
                let _ = write!(self.text, "{column} LIKE {pattern} ESCAPE '!'");
            }
            TextTest::Compare(order, value) => {
                let value = self.parameter(value.clone());
                let _ = write!(self.text, "{column} {} {value}", operator(*order));
            }
            TextTest::Present => {
                let _ = write!(self.text, "{column} IS NOT NULL");
            }
        }
    }

    fn among(&mut self, column: &str, values: &[String]) {
        if let [value] = values {
            let value = self.parameter(value.clone());
            let _ = write!(self.text, "{column} = {value}");
        } else {
            let values = self.list(values);
            let _ = write!(self.text, "{column} IN {{json_texts {values}}}");
        }
    }

    fn language(&mut self, tags: &[String]) {
        self.push("COALESCE(");
        self.join(tags, " OR ", "FALSE", |sql, tag| {
            let own = sql.parameter(tag.clone());
            let prefix = sql.parameter(format!("{tag}-"));
            let length = sql.parameter(tag.chars().count() + 1);
            let _ = write!(
                sql.text,
                "p.language = {own} OR substr(p.language, 1, CAST({length} AS INTEGER)) = {prefix}"
            );
        });
        self.push(", FALSE)");
    }

    fn attribute(&mut self, name: &str) {
        let name = self.parameter(name.to_owned());
        self.begin_membership("subscriber_attributes");
        let _ = write!(self.text, "x.attribute = {name} AND ");
    }

    fn rank_test(&mut self, test: &RankTest) {
        match test {
            RankTest::Among(values) => {
                let list = self.parameter(Json::from(values.as_slice()).to_string());
                let _ = write!(self.text, "x.rank IN {{json_ids {list}}}");
            }
            RankTest::Compare(order, value) => {
                let value = self.parameter(*value);
                let _ = write!(self.text, "x.rank {} {value}", operator(*order));
            }
            RankTest::Present => self.push("x.rank IS NOT NULL"),
        }
    }

    fn subscription(&mut self, test: &SubscriptionTest) {
        match test {
            SubscriptionTest::All(all) => self.join(all, " AND ", "TRUE", Self::subscription),
            SubscriptionTest::Any(any) => self.join(any, " OR ", "FALSE", Self::subscription),
            SubscriptionTest::Not(inner) => {
                self.push("NOT ");
                self.join(std::slice::from_ref(&**inner), "", "TRUE", Self::subscription);
            }
            SubscriptionTest::Digest(names) => self.among("x.digest", names),
            SubscriptionTest::Status(statuses) => {
                let words: Vec<String> =
                    statuses.iter().map(|status| status.as_str().to_owned()).collect();
                self.among("x.status", &words);
            }
            SubscriptionTest::Section(test) => {
                self.push("EXISTS (SELECT 1 FROM {json_texts x.section_keys} k WHERE ");
                self.text_test("k.value", test);
                self.push(")");
            }
        }
    }
}

fn operator(order: Order) -> &'static str {
    match order {
        Order::Less => "<",
        Order::LessOrEqual => "<=",
        Order::Greater => ">",
        Order::GreaterOrEqual => ">=",
    }
}
