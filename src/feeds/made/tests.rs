//! What is made in pieces is what would have been made whole.

use proptest::prelude::*;

use super::*;
use crate::feeds::format::Frame;

fn frame(head: &str) -> Frame {
    Frame { head: head.as_bytes().to_vec(), tail: b"</end>".to_vec() }
}

fn fingerprint(text: &str) -> Fingerprint {
    digest(text.as_bytes())
}

fn pressed(head: &str, texts: &[String], before: Option<&Made>, rendered: &mut usize) -> Made {
    let fingerprints: Vec<Fingerprint> = texts.iter().map(|text| fingerprint(text)).collect();
    let (made, failed) = press(Format::Json, &frame(head), &fingerprints, before, |i| {
        *rendered += 1;
        Ok(texts[i].clone().into_bytes())
    });
    assert!(failed.is_empty());
    made
}

proptest! {
    #[test]
    fn a_document_made_from_the_one_before_is_the_one_made_anew(
        first in prop::collection::hash_set("[a-c <>&]{0,80}", 0..8),
        second in prop::collection::hash_set("[a-c <>&]{0,80}", 0..8),
        shared in prop::collection::hash_set("[x-z]{1,2000}", 0..5),
    ) {
        let all = |own: std::collections::HashSet<String>| -> Vec<String> {
            let mut all: Vec<String> = own.into_iter().chain(shared.iter().cloned()).collect();
            all.sort();
            all.dedup();
            all
        };
        let (first, second) = (all(first), all(second));
        let before = pressed("<one>", &first, None, &mut 0);
        let mut rendered = 0;
        let made = pressed("<two>", &second, Some(&before), &mut rendered);
        let anew = pressed("<two>", &second, None, &mut 0);
        prop_assert_eq!(&made.gzip, &anew.gzip);
        prop_assert_eq!(&made.etag, &anew.etag);
        prop_assert_eq!(rendered, second.iter().filter(|text| !first.contains(text)).count());
        prop_assert_eq!(made.identity(), format!("<two>{}</end>", second.join(",")));
        let restored = Made::restored(Format::Json, made.gzip.clone(), made.pieces.clone(), None).unwrap();
        prop_assert_eq!(restored.etag, made.etag);
    }
}

#[test]
fn an_item_that_cannot_be_written_is_left_out_and_told() {
    let items = ["a", "b", "c"].map(fingerprint);
    let (made, failed) = press(Format::Json, &frame("<"), &items, None, |i| {
        if i == 1 {
            Err(Format::Json.failed(&"no"))
        } else {
            Ok(vec![b'0' + u8::try_from(i).unwrap()])
        }
    });
    assert_eq!(
        (made.identity(), failed.len(), failed[0].0),
        (Bytes::from_static(b"<0,2</end>"), 1, 1)
    );
}

#[test]
fn what_does_not_fit_together_is_not_taken() {
    let made = pressed("<", &["one".to_owned(), "two".to_owned()], None, &mut 0);
    assert!(
        Made::restored(
            Format::Json,
            made.gzip.slice(..made.gzip.len() - 1),
            made.pieces.clone(),
            None
        )
        .is_none()
    );
    assert!(
        Made::restored(Format::Json, made.gzip.clone(), made.pieces[1..].to_vec(), None).is_none()
    );
    assert!(Made::restored(Format::Json, made.gzip, vec![], None).is_none());
}
