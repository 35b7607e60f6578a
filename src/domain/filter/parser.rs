//! Recursive descent parser of filters.
//!
//! ```text
//! filter = and { "or" and }
//! and    = unary { "and" unary }
//! unary  = "not" unary | "(" filter ")" | test
//! test   = field ( operator value | ["not"] "in" "(" value { "," value } ")" | "is" ["not"] "empty" )
//! ```

use super::error::FilterError;
use super::expression::{Expression, Literal, Operator, Test};
use super::lexer::{Positioned, Token, tokens};
use super::problem::FilterProblem;

/// Maximum length of a filter in bytes.
pub const MAX_BYTES: usize = 2_048;
/// Maximum nesting depth of parentheses and `not`.
pub const MAX_DEPTH: usize = 20;
/// Maximum number of comparisons in a filter, those of its segments included.
pub const MAX_TERMS: usize = 50;

/// Words that cannot be names of fields.
const KEYWORDS: [&str; 10] =
    ["and", "or", "not", "in", "is", "empty", "true", "false", "yes", "no"];

/// Parses a filter; an empty one is `None`, which means all subscribers.
///
/// # Errors
/// The position of the first problem, and what is expected there.
pub fn parse(text: &str) -> Result<Option<Expression>, FilterError> {
    if text.len() > MAX_BYTES {
        let problem = FilterProblem::FilterTooLong { bytes: text.len(), limit: MAX_BYTES };
        return Err(FilterError::new(0, problem));
    }
    let tokens = tokens(text)?;
    if tokens.len() == 1 {
        return Ok(None);
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, terms: 0 };
    let expression = parser.or()?;
    let (token, position) = parser.next();
    match token {
        Token::End => Ok(Some(expression)),
        Token::Close => Err(FilterError::new(position, FilterProblem::ClosesNothing)),
        other => {
            Err(FilterError::new(position, FilterProblem::ExpectedEnd { found: other.found() }))
        }
    }
}

/// Values of a comparison with their positions.
type Values = Vec<(Literal, usize)>;

struct Parser {
    tokens: Vec<Positioned>,
    at: usize,
    depth: usize,
    terms: usize,
}

impl Parser {
    fn peek(&self) -> &Positioned {
        // The last token is `End`, which is never taken.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn next(&mut self) -> Positioned {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// Takes the next token if it is this word.
    fn take_word(&mut self, word: &str) -> bool {
        let is_next = matches!(&self.peek().0, Token::Word(next) if next == word);
        self.at += usize::from(is_next);
        is_next
    }

    fn or(&mut self) -> Result<Expression, FilterError> {
        let mut operands = vec![self.and()?];
        while self.take_word("or") {
            operands.push(self.and()?);
        }
        Ok(joined(operands, Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, FilterError> {
        let mut operands = vec![self.unary()?];
        while self.take_word("and") {
            operands.push(self.unary()?);
        }
        Ok(joined(operands, Expression::And))
    }

    fn unary(&mut self) -> Result<Expression, FilterError> {
        let (token, position) = self.peek().clone();
        let is_not = self.take_word("not");
        if !is_not && token != Token::Open {
            return self.test();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(FilterError::new(position, FilterProblem::TooDeep { limit: MAX_DEPTH }));
        }
        let expression = if is_not {
            Expression::Not(Box::new(self.unary()?))
        } else {
            self.at += 1;
            let inner = self.or()?;
            let (close, at) = self.next();
            if close != Token::Close {
                let problem = FilterProblem::ExpectedClose { found: close.found() };
                return Err(FilterError::new(at, problem));
            }
            inner
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn test(&mut self) -> Result<Expression, FilterError> {
        let (token, position) = self.next();
        let field = match token {
            Token::Word(word) if !KEYWORDS.contains(&word.as_str()) => word,
            other => {
                let problem = FilterProblem::ExpectedField { found: other.found() };
                return Err(FilterError::new(position, problem));
            }
        };
        self.terms += 1;
        if self.terms > MAX_TERMS {
            let problem = FilterProblem::TooManyComparisons { limit: MAX_TERMS };
            return Err(FilterError::new(position, problem));
        }
        let (is_negated, operator, operator_position, values) = self.comparison(&field)?;
        let test = Expression::Test(Test { field, position, operator, operator_position, values });
        Ok(if is_negated { Expression::Not(Box::new(test)) } else { test })
    }

    /// Parses the operator with its values; `true` if it negates.
    fn comparison(&mut self, field: &str) -> Result<(bool, Operator, usize, Values), FilterError> {
        let (token, position) = self.next();
        let (is_negated, operator) = match &token {
            Token::Operator(text) => match *text {
                "=" => (false, Operator::Equal),
                "!=" => (true, Operator::Equal),
                "<" => (false, Operator::Less),
                "<=" => (false, Operator::LessOrEqual),
                ">" => (false, Operator::Greater),
                ">=" => (false, Operator::GreaterOrEqual),
                _ => (false, Operator::Contains),
            },
            Token::Word(word) if word == "is" => {
                let is_negated = self.take_word("not");
                let (_, at) = self.peek().clone();
                if !self.take_word("empty") {
                    return Err(FilterError::new(at, FilterProblem::ExpectedEmpty));
                }
                return Ok((is_negated, Operator::IsEmpty, position, Vec::new()));
            }
            Token::Word(word) if word == "in" => {
                return Ok((false, Operator::Equal, position, self.list()?));
            }
            Token::Word(word) if word == "not" && self.take_word("in") => {
                return Ok((true, Operator::Equal, position, self.list()?));
            }
            other => {
                let (field, found) = (field.to_owned(), other.found());
                let problem = FilterProblem::ExpectedComparison { field, found };
                return Err(FilterError::new(position, problem));
            }
        };
        Ok((is_negated, operator, position, vec![self.value()?]))
    }

    fn list(&mut self) -> Result<Values, FilterError> {
        let (open, position) = self.next();
        if open != Token::Open {
            return Err(FilterError::new(position, FilterProblem::ExpectedList));
        }
        let mut values = vec![self.value()?];
        loop {
            let (token, position) = self.next();
            match token {
                Token::Comma => values.push(self.value()?),
                Token::Close => return Ok(values),
                other => {
                    let problem = FilterProblem::ExpectedComma { found: other.found() };
                    return Err(FilterError::new(position, problem));
                }
            }
        }
    }

    fn value(&mut self) -> Result<(Literal, usize), FilterError> {
        let (token, position) = self.next();
        let literal = match token {
            Token::Text(text) => Literal::Text(text),
            Token::Number(number) => Literal::Number(number),
            Token::Word(word) if word == "true" || word == "yes" => Literal::Boolean(true),
            Token::Word(word) if word == "false" || word == "no" => Literal::Boolean(false),
            Token::Word(word) => {
                return Err(FilterError::new(position, FilterProblem::UnquotedText { word }));
            }
            other => {
                let problem = FilterProblem::ExpectedValue { found: other.found() };
                return Err(FilterError::new(position, problem));
            }
        };
        Ok((literal, position))
    }
}

fn joined(
    mut operands: Vec<Expression>,
    join: impl Fn(Vec<Expression>) -> Expression,
) -> Expression {
    match operands.len() {
        1 => operands.remove(0),
        _ => join(operands),
    }
}
