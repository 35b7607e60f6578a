//! Sets of characters that are percent-encoded in URLs (RFC 3986), each by the place of the text.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// All but the unreserved characters (section 2.3): for one segment of a path, and for an id in a
/// `tag:` URI (RFC 4151).
pub const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Like [`SEGMENT`], for a text that may be percent-encoded already.
pub const ENCODED_SEGMENT: &AsciiSet = &SEGMENT.remove(b'%');

/// Like [`SEGMENT`], for a path of several segments.
pub const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// Like [`PATH`], but keeps `: @ ! $ ' ( ) , + =`, which a path may contain (section 3.3).
pub const PATH_WITH_DELIMITERS: &AsciiSet = &PATH
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b'+')
    .remove(b'=');
