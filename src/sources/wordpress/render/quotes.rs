//! Distinguishes opening marks, closing marks, apostrophes and primes by the adjacent characters.

// Decided marks are represented by noncharacters, so that no later rule matches them again.
pub(super) const OPEN_SINGLE: char = '\u{FDD1}';
pub(super) const CLOSE_SINGLE: char = '\u{FDD2}';
pub(super) const APOSTROPHE: char = '\u{FDD3}';
pub(super) const OPEN_DOUBLE: char = '\u{FDD4}';
pub(super) const CLOSE_DOUBLE: char = '\u{FDD5}';
pub(super) const PRIME: char = '\u{FDD6}';
pub(super) const DOUBLE_PRIME: char = '\u{FDD7}';
const UNDECIDED: char = '\u{FDD8}';

/// Returns `true` if the word is at this position.
fn matches_at(line: &[char], at: usize, word: &str) -> bool {
    let mut here = line.get(at..).unwrap_or_default().iter();
    word.chars().all(|c| here.next() == Some(&c))
}

pub(super) fn is_space_at(line: &[char], at: usize) -> bool {
    matches!(line.get(at), Some('\r' | '\n' | '\t' | ' ' | '\u{A0}'))
        || matches_at(line, at, "&nbsp;")
}

pub(super) fn is_space_before(line: &[char], at: usize) -> bool {
    at > 0
        && (matches!(line[at - 1], '\r' | '\n' | '\t' | ' ' | '\u{A0}')
            || (at >= 6 && matches_at(line, at - 6, "&nbsp;")))
}

/// Returns `true` if a closing mark may be followed by this position: end, punctuation or space.
fn closes_before(line: &[char], at: usize) -> bool {
    at >= line.len()
        || ".,:;!?)}-]".contains(line[at])
        || matches_at(line, at, "&gt;")
        || is_space_at(line, at)
}

pub(super) fn digit(line: &[char], at: usize) -> bool {
    line.get(at).is_some_and(char::is_ascii_digit)
}

/// Returns the position of the mark that closes a quoted number opened at `at`: `'0.42'`.
fn quoted_number(line: &[char], at: usize, mark: char) -> Option<usize> {
    if !(at == 0 || is_space_before(line, at)) || !digit(line, at + 1) {
        return None;
    }
    let end =
        (at + 2..line.len()).find(|i| !(line[*i].is_ascii_digit() || ".,".contains(line[*i])))?;
    (line[end] == mark).then_some(end)
}

/// Decides single quotation marks by their adjacent characters.
pub(super) fn single_quotes(line: &mut [char]) {
    let at = |line: &[char]| (0..line.len()).filter(|i| line[*i] == '\'').collect::<Vec<_>>();
    for i in at(line) {
        if line[i] == '\'' && digit(line, i + 1) && digit(line, i + 2) && closes_before(line, i + 4)
        {
            match line.get(i + 3) {
                Some('\'') => (line[i], line[i + 3]) = (APOSTROPHE, CLOSE_SINGLE),
                Some('"') => (line[i], line[i + 3]) = (APOSTROPHE, CLOSE_DOUBLE),
                _ => {}
            }
        }
    }
    for i in at(line) {
        // Two digits of a year: '99 and '99s, never '999 or '99%.
        let decimals = matches!(line.get(i + 3), Some('.' | ',')) && digit(line, i + 4);
        if digit(line, i + 1)
            && digit(line, i + 2)
            && !digit(line, i + 3)
            && line.get(i + 3) != Some(&'%')
            && !decimals
        {
            line[i] = APOSTROPHE;
        }
    }
    for i in at(line) {
        if line[i] == '\''
            && let Some(end) = quoted_number(line, i, '\'')
        {
            (line[i], line[end]) = (OPEN_SINGLE, CLOSE_SINGLE);
        }
    }
    for i in at(line) {
        if i == 0
            || "([{\"-".contains(line[i - 1])
            || (i >= 4 && matches_at(line, i - 4, "&lt;"))
            || is_space_before(line, i)
        {
            line[i] = OPEN_SINGLE;
        }
    }
    for i in at(line) {
        let next = line.get(i + 1);
        let ends = next.is_none_or(|c| ".,:;!?\"'(){}[]-".contains(*c));
        if !is_space_before(line, i)
            && !ends
            && !matches_at(line, i + 1, "&lt;")
            && !matches_at(line, i + 1, "&gt;")
            && !is_space_at(line, i + 1)
        {
            line[i] = APOSTROPHE;
        }
    }
}

/// Decides double quotation marks by their adjacent characters.
pub(super) fn double_quotes(line: &mut [char]) {
    for i in 0..line.len() {
        if line[i] == '"'
            && let Some(end) = quoted_number(line, i, '"')
        {
            (line[i], line[end]) = (OPEN_DOUBLE, CLOSE_DOUBLE);
        }
    }
    for i in 0..line.len() {
        let opens = i == 0
            || "([{-".contains(line[i - 1])
            || (i >= 4 && matches_at(line, i - 4, "&lt;"))
            || is_space_before(line, i);
        if line[i] == '"' && opens && !is_space_at(line, i + 1) {
            line[i] = OPEN_DOUBLE;
        }
    }
}

/// Distinguishes closing quotation marks from primes (feet, inches, minutes, seconds), one
/// quotation at a time.
pub(super) fn primes(
    line: Vec<char>,
    mark: char,
    prime: char,
    open: char,
    close: char,
) -> Vec<char> {
    let mut out = Vec::with_capacity(line.len());
    // A mark written as an entity, or as two of the other kind, also closes.
    let entity: Vec<char> = if mark == '"' { "&#8221;" } else { "&#8217;" }.chars().collect();
    for (number, quotation) in line.split(|c| *c == open).enumerate() {
        if number > 0 {
            out.push(open);
        }
        let mut quotation = quotation.to_vec();
        if quotation.contains(&mark) {
            if number > 0
                && !quotation.contains(&close)
                && !quotation.windows(7).any(|seven| seven == entity)
            {
                close_one(&mut quotation, mark, prime, close);
            } else {
                primes_after_digits(&mut quotation, mark, prime);
                for i in 0..quotation.len() {
                    if quotation[i] == mark && closes_before(&quotation, i + 1) {
                        quotation[i] = close;
                    }
                }
            }
            if mark == '"' {
                replace_all(&mut quotation, mark, close);
            }
        }
        out.append(&mut quotation);
    }
    out
}

fn replace_all(line: &mut [char], from: char, to: char) {
    line.iter_mut().filter(|c| **c == from).for_each(|c| *c = to);
}

fn primes_after_digits(line: &mut [char], mark: char, prime: char) {
    for i in 1..line.len() {
        if line[i] == mark && line[i - 1].is_ascii_digit() {
            line[i] = prime;
        }
    }
}

/// Chooses the closing mark of a quotation that is still open.
fn close_one(line: &mut [char], mark: char, prime: char, close: char) {
    let candidates: Vec<usize> =
        (0..line.len()).filter(|i| line[*i] == mark && closes_before(line, i + 1)).collect();
    match candidates.as_slice() {
        [] => primes_after_digits(line, mark, prime),
        [only] => {
            line[*only] = close;
            primes_after_digits(line, mark, prime);
        }
        several => {
            several.iter().for_each(|i| line[*i] = UNDECIDED);
            let plain: Vec<usize> = several
                .iter()
                .copied()
                .filter(|i| *i == 0 || !line[i - 1].is_ascii_digit())
                .collect();
            if plain.is_empty() {
                let before_stop = several.iter().rev().find(|i| line.get(**i + 1) == Some(&'.'));
                if let Some(end) = before_stop.or(several.last()) {
                    line[*end] = close;
                }
            }
            plain.into_iter().for_each(|i| line[i] = close);
            primes_after_digits(line, mark, prime);
            primes_after_digits(line, UNDECIDED, prime);
            replace_all(line, UNDECIDED, close);
        }
    }
}
