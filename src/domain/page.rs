//! Pages of lists, which are read by keyset: each page begins after the key of the last row of the
//! previous one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Largest page that a client can request, in rows.
pub const MAX_PAGE_SIZE: usize = 1000;

/// Position in a list: the key of the last row of a page, opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

/// A cursor that was not issued for this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not valid for this list; start again without a cursor")]
pub struct InvalidCursor;

impl Cursor {
    /// Creates the cursor of a key.
    pub fn new(key: &impl Serialize) -> Self {
        // A key is a tuple of numbers and texts, which always serializes.
        let json = serde_json::to_vec(key).unwrap_or_default();
        Self(URL_SAFE_NO_PAD.encode(json))
    }

    /// Returns a cursor that a client sent; it is checked by [`key`](Self::key).
    pub fn from_client(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Returns the text for clients.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key.
    ///
    /// # Errors
    /// The text is not a cursor of a list with such keys.
    pub fn key<K: DeserializeOwned>(&self) -> Result<K, InvalidCursor> {
        let json = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| InvalidCursor)?;
        serde_json::from_slice(&json).map_err(|_| InvalidCursor)
    }
}

/// Request for some rows of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// Maximum number of rows.
    pub limit: usize,
    /// Position after which the page begins; `None` for the first page.
    pub after: Option<Cursor>,
}

impl PageRequest {
    /// Requests the first page.
    pub fn first(limit: usize) -> Self {
        Self { limit, after: None }
    }

    /// Returns the key after which the page begins; `first` for the first page.
    ///
    /// # Errors
    /// The cursor is not one of a list with such keys.
    pub fn key_or<K: DeserializeOwned>(&self, first: K) -> Result<K, InvalidCursor> {
        self.after.as_ref().map_or(Ok(first), Cursor::key)
    }

    /// Returns the number of rows to read: one more than the page has, which shows whether there
    /// is a next page.
    pub fn rows_to_read(&self) -> usize {
        self.limit.saturating_add(1)
    }
}

/// Rows of a list, and where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Rows of this page.
    pub items: Vec<T>,
    /// Cursor of the next page; `None` for the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Returns the request for the next page; `None` after the last page.
    pub fn following(&self, limit: usize) -> Option<PageRequest> {
        self.next.clone().map(|after| PageRequest { limit, after: Some(after) })
    }

    /// Creates a page from up to `limit` + 1 rows, of which the last one only shows that there is a
    /// next page.
    pub fn from_rows<K: Serialize>(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> K) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|last| Cursor::new(&key(last)));
        Self { items: rows, next }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_names_the_next_one_only_if_there_is_one() {
        let page = Page::from_rows(vec![1, 2, 3], 2, |n| *n);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(page.next.unwrap().key::<i64>(), Ok(2));
        assert_eq!(Page::from_rows(vec![1, 2], 2, |n| *n).next, None);
        assert_eq!(Page::from_rows(Vec::<i64>::new(), 2, |n| *n).next, None);
    }

    proptest! {
        #[test]
        fn the_key_of_a_cursor_is_read_back(time in any::<i64>(), name in ".*") {
            let cursor = Cursor::new(&(time, &name));
            let read: (i64, String) = Cursor::from_client(cursor.as_str()).key().unwrap();
            prop_assert_eq!(read, (time, name));
        }

        #[test]
        fn a_forged_cursor_is_rejected_or_has_a_key_but_never_panics(text in ".*") {
            let _ = Cursor::from_client(&text).key::<(i64, String)>();
        }
    }
}
