//! Tokens of a filter, each with its position.

use super::error::FilterError;
use super::problem::{FilterPart, FilterProblem, PartKind};
use crate::domain::attribute::Number;

/// Part of a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Name of a field or a word of the language, in lower case.
    Word(String),
    /// Quoted text without its quotation marks.
    Text(String),
    /// Decimal number without quotation marks.
    Number(Number),
    /// Operator of a comparison, such as `!=` or `~`.
    Operator(&'static str),
    /// Beginning of a parenthesis.
    Open,
    /// End of a parenthesis.
    Close,
    /// Separator of a list.
    Comma,
    /// End of the filter.
    End,
}

impl Token {
    /// Returns the token as errors name it.
    pub(super) fn found(&self) -> FilterPart {
        match self {
            Self::Word(word) => FilterPart::new(PartKind::Sign, word),
            Self::Text(text) => FilterPart::new(PartKind::Text, text),
            Self::Number(number) => FilterPart::new(PartKind::Number, number.to_string()),
            Self::Operator(operator) => FilterPart::new(PartKind::Sign, *operator),
            Self::Open => FilterPart::new(PartKind::Sign, "("),
            Self::Close => FilterPart::new(PartKind::Sign, ")"),
            Self::Comma => FilterPart::new(PartKind::Sign, ","),
            Self::End => FilterPart::new(PartKind::End, ""),
        }
    }
}

/// Token with the number of characters before it.
pub(super) type Positioned = (Token, usize);

/// Returns the tokens of a filter; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Positioned>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut lexer = Lexer { chars, at: 0 };
    let mut tokens = Vec::new();
    loop {
        while lexer.peek().is_some_and(char::is_whitespace) {
            lexer.at += 1;
        }
        let position = lexer.at;
        let token = lexer.token()?;
        let is_end = token == Token::End;
        tokens.push((token, position));
        if is_end {
            return Ok(tokens);
        }
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// Takes the next character if it is this one.
    fn take(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes characters as long as they fulfil a condition.
    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&is_part) {
            self.at += 1;
        }
        self.chars[start..self.at].iter().collect()
    }

    fn token(&mut self) -> Result<Token, FilterError> {
        let position = self.at;
        let Some(c) = self.peek() else { return Ok(Token::End) };
        if c == '"' || c == '\'' {
            return self.quoted(c);
        }
        if c.is_ascii_digit() || c == '-' {
            return self.number();
        }
        if c.is_alphabetic() || c == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || is_combining(c);
            return Ok(Token::Word(self.take_while(is_part).to_lowercase()));
        }
        self.at += 1;
        Ok(match c {
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '~' => Token::Operator("~"),
            '=' => Token::Operator("="),
            '!' if self.take('=') => Token::Operator("!="),
            '<' if self.take('=') => Token::Operator("<="),
            '<' if self.take('>') => {
                return Err(FilterError::new(position, FilterProblem::UnknownOperator));
            }
            '<' => Token::Operator("<"),
            '>' if self.take('=') => Token::Operator(">="),
            '>' => Token::Operator(">"),
            _ => return Err(FilterError::new(position, unexpected(c))),
        })
    }

    fn quoted(&mut self, mark: char) -> Result<Token, FilterError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let position = self.at;
            let Some(c) = self.peek() else {
                return Err(FilterError::new(start, FilterProblem::UnclosedText { mark }));
            };
            self.at += 1;
            match c {
                c if c == mark => return Ok(Token::Text(text)),
                '\\' => match self.peek() {
                    Some(escaped @ ('\\' | '"' | '\'')) => {
                        self.at += 1;
                        text.push(escaped);
                    }
                    _ => {
                        return Err(FilterError::new(position, FilterProblem::Backslash));
                    }
                },
                c if c.is_control() => {
                    return Err(FilterError::new(position, FilterProblem::ControlCharacter));
                }
                c => text.push(c),
            }
        }
    }

    fn number(&mut self) -> Result<Token, FilterError> {
        let position = self.at;
        let text = self.take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | ':' | '_'));
        Number::parse(&text)
            .map(Token::Number)
            .ok_or_else(|| FilterError::new(position, FilterProblem::NotNumber { text }))
    }
}

/// Returns `true` for marks that belong to the letter before them, such as vowel signs.
fn is_combining(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

fn unexpected(character: char) -> FilterProblem {
    let other = |correct| FilterProblem::OtherSign { character, correct };
    match character {
        '!' => FilterProblem::LoneExclamation,
        '&' => other("and"),
        '|' => other("or"),
        '“' | '”' | '„' | '‘' | '’' | '「' | '」' | '＂' => {
            FilterProblem::OtherQuotationMark { character }
        }
        '（' => other("("),
        '）' => other(")"),
        '，' | '、' => other(","),
        '＝' => other("="),
        _ => FilterProblem::UnexpectedCharacter { character },
    }
}
