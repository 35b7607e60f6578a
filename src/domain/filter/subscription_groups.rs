//! Comparisons of subscriptions, and which of them are about the same subscription.
//!
//! In a conjunction, comparisons of `status` and `section` are about the subscriptions that its
//! comparison of `digest` selects, also when they are negated: `digest = "weekly" and not status =
//! "paused"`. Without a comparison of `digest`, those that are not negated are about the same
//! subscription, and a negated one says that no subscription fulfils it. Unsubscribed subscriptions
//! count only if the status is compared.

use super::condition::{Condition, SubscriptionTest};
use super::context::FilterContext;
use super::error::FilterError;
use super::expression::{Expression, Operator, Test};
use super::fields::{Field, checked_field};
use super::literals::{folded_test, texts};
use super::problem::FilterProblem;
use crate::domain::nearest::Hint;
use crate::domain::subscription::SubscriptionStatus;

/// Role of an operand of a conjunction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Selects subscriptions by digest, without negation.
    Digest,
    /// Compares only `status` and `section`.
    State,
    /// Compares `status` or `section` beside other fields.
    Mixed,
    Other,
}

/// Returns the condition of a conjunction; `condition` returns that of any other operand.
pub(super) fn conjunction(
    operands: &[Expression],
    context: &FilterContext<'_>,
    condition: &dyn Fn(&Expression) -> Result<Condition, FilterError>,
) -> Result<Condition, FilterError> {
    let mut flat = Vec::new();
    flatten(operands, &mut flat);
    let mut roles = Vec::with_capacity(flat.len());
    for operand in flat {
        roles.push((role(operand, context)?, operand));
    }
    let with_role = |wanted: Role| {
        roles.iter().filter(move |(role, _)| *role == wanted).map(|(_, operand)| *operand)
    };
    let mut states: Vec<&Expression> = with_role(Role::State).collect();
    let mut conditions = Vec::new();
    if with_role(Role::Digest).next().is_some() {
        if let Some(mixed) = with_role(Role::Mixed).next() {
            return Err(ambiguous(mixed));
        }
        for digest in with_role(Role::Digest) {
            let same: Vec<&Expression> =
                std::iter::once(digest).chain(states.iter().copied()).collect();
            conditions.push(group(&same, context)?);
        }
        states.clear();
    }
    let (negated, positive): (Vec<&Expression>, Vec<_>) =
        states.into_iter().partition(|operand| has_negation(operand));
    if !positive.is_empty() {
        conditions.push(group(&positive, context)?);
    }
    let rest = with_role(Role::Mixed).chain(with_role(Role::Other)).chain(negated);
    for operand in rest {
        conditions.push(condition(operand)?);
    }
    Ok(Condition::All(conditions))
}

/// Returns the condition of a comparison that stands alone.
pub(super) fn subscription_condition(
    test: &Test,
    context: &FilterContext<'_>,
) -> Result<Condition, FilterError> {
    if test.field == "digest" && test.operator == Operator::IsEmpty {
        let subscribed = Condition::Subscription(SubscriptionTest::All(vec![is_active()]));
        return Ok(Condition::Not(Box::new(subscribed)));
    }
    group(&[&Expression::Test(test.clone())], context)
}

/// Returns the condition that one subscription fulfils all of these.
fn group(operands: &[&Expression], context: &FilterContext<'_>) -> Result<Condition, FilterError> {
    let mut tests: Vec<SubscriptionTest> = operands
        .iter()
        .map(|operand| subscription_test(operand, context))
        .collect::<Result<_, _>>()?;
    let compares_status = operands.iter().any(|o| o.fields().any(|field| field == "status"));
    if !compares_status {
        tests.push(is_active());
    }
    Ok(Condition::Subscription(SubscriptionTest::All(tests)))
}

fn is_active() -> SubscriptionTest {
    let ended = SubscriptionTest::Status(vec![SubscriptionStatus::Unsubscribed]);
    SubscriptionTest::Not(Box::new(ended))
}

fn subscription_test(
    expression: &Expression,
    context: &FilterContext<'_>,
) -> Result<SubscriptionTest, FilterError> {
    let all = |operands: &[Expression]| {
        operands
            .iter()
            .map(|operand| subscription_test(operand, context))
            .collect::<Result<Vec<_>, FilterError>>()
    };
    Ok(match expression {
        Expression::And(operands) => SubscriptionTest::All(all(operands)?),
        Expression::Or(operands) => SubscriptionTest::Any(all(operands)?),
        Expression::Not(operand) => {
            SubscriptionTest::Not(Box::new(subscription_test(operand, context)?))
        }
        Expression::Test(test) => match checked_field(test, context)? {
            Field::Digest => SubscriptionTest::Digest(digests(test, context)?),
            Field::Status => SubscriptionTest::Status(statuses(test)?),
            _ => {
                let chosen = SubscriptionTest::Section(folded_test(test)?);
                match test.operator {
                    Operator::IsEmpty => SubscriptionTest::Not(Box::new(chosen)),
                    _ => chosen,
                }
            }
        },
    })
}

fn digests(test: &Test, context: &FilterContext<'_>) -> Result<Vec<String>, FilterError> {
    let known = |(name, position): (String, usize)| {
        if context.digests.contains(&name) {
            return Ok(name);
        }
        let names = context.digests.iter().map(String::as_str);
        let hint = Hint::of(&name, names);
        Err(FilterError::new(position, FilterProblem::UnknownDigest { name, hint }))
    };
    texts(test)?.into_iter().map(known).collect()
}

fn statuses(test: &Test) -> Result<Vec<SubscriptionStatus>, FilterError> {
    let known = |(word, position): (String, usize)| {
        SubscriptionStatus::parse(&word).ok_or_else(|| {
            let words = SubscriptionStatus::ALL.iter().map(|status| status.as_str());
            let hint = Hint::of(&word, words);
            FilterError::new(position, FilterProblem::UnknownStatus { name: word, hint })
        })
    };
    texts(test)?.into_iter().map(known).collect()
}

fn flatten<'e>(operands: &'e [Expression], flat: &mut Vec<&'e Expression>) {
    for operand in operands {
        match operand {
            Expression::And(inner) => flatten(inner, flat),
            other => flat.push(other),
        }
    }
}

fn role(operand: &Expression, context: &FilterContext<'_>) -> Result<Role, FilterError> {
    let (mut digests, mut states, mut others) = (0, 0, 0);
    for test in operand.tests() {
        let field = checked_field(test, context)?;
        match field {
            Field::Digest if test.operator != Operator::IsEmpty => digests += 1,
            field if field.is_of_subscription() && field != Field::Digest => states += 1,
            _ => others += 1,
        }
    }
    Ok(match (digests, states, others) {
        (1.., 0, 0) if !has_negation(operand) => Role::Digest,
        (0, 1.., 0) => Role::State,
        // A comparison of a digest in the operand selects the subscriptions of its own conjunction.
        (0, 1.., _) => Role::Mixed,
        _ => Role::Other,
    })
}

fn has_negation(expression: &Expression) -> bool {
    match expression {
        Expression::And(operands) | Expression::Or(operands) => operands.iter().any(has_negation),
        Expression::Not(_) => true,
        Expression::Test(_) => false,
    }
}

/// Returns the error for a status that stands beside other fields in a conjunction with a digest.
fn ambiguous(operand: &Expression) -> FilterError {
    let tests = operand.tests();
    let of_state = tests.iter().find(|test| matches!(test.field.as_str(), "status" | "section"));
    let (field, position) =
        of_state.map_or(("status", 0), |test| (test.field.as_str(), test.position));
    FilterError::new(position, FilterProblem::AmbiguousState { field: field.to_owned() })
}
