//! A document that is assembled from a previous one equals a full rendering.

use proptest::prelude::*;

use super::*;
use crate::feeds::format::DocumentFrame;

fn frame(head: &str) -> DocumentFrame {
    DocumentFrame { prefix: head.as_bytes().to_vec(), suffix: b"</end>".to_vec() }
}

fn item_hash(text: &str) -> ItemHash {
    text_hash(text.as_bytes())
}

fn assemble_json(
    head: &str,
    texts: &[String],
    previous: Option<&RenderedFeed>,
    rendered: &mut usize,
) -> RenderedFeed {
    let item_hashes: Vec<ItemHash> = texts.iter().map(|text| item_hash(text)).collect();
    let (document, failed) = assemble(Format::Json, &frame(head), &item_hashes, previous, |i| {
        *rendered += 1;
        Ok(texts[i].clone().into_bytes())
    });
    assert!(failed.is_empty());
    document
}

proptest! {
    #[test]
    fn a_document_assembled_from_a_previous_one_equals_a_full_rendering(
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
        let previous = assemble_json("<one>", &first, None, &mut 0);
        let mut rendered = 0;
        let document = assemble_json("<two>", &second, Some(&previous), &mut rendered);
        let full = assemble_json("<two>", &second, None, &mut 0);
        prop_assert_eq!(&document.gzip, &full.gzip);
        prop_assert_eq!(&document.etag, &full.etag);
        prop_assert_eq!(rendered, second.iter().filter(|text| !first.contains(text)).count());
        prop_assert_eq!(document.identity(), format!("<two>{}</end>", second.join(",")));
        let restored = RenderedFeed::from_parts(Format::Json, document.gzip.clone(), document.segments.clone(), None).unwrap();
        prop_assert_eq!(restored.etag, document.etag);
    }
}

#[test]
fn an_item_that_cannot_be_rendered_is_left_out_and_returned_with_its_error() {
    let items = ["a", "b", "c"].map(item_hash);
    let (document, failed) = assemble(Format::Json, &frame("<"), &items, None, |i| {
        if i == 1 {
            Err(Format::Json.write_error(&"no"))
        } else {
            Ok(vec![b'0' + u8::try_from(i).unwrap()])
        }
    });
    assert_eq!(
        (document.identity(), failed.len(), failed[0].0),
        (Bytes::from_static(b"<0,2</end>"), 1, 1)
    );
}

#[test]
fn parts_with_inconsistent_lengths_are_not_restored() {
    let document = assemble_json("<", &["one".to_owned(), "two".to_owned()], None, &mut 0);
    assert!(
        RenderedFeed::from_parts(
            Format::Json,
            document.gzip.slice(..document.gzip.len() - 1),
            document.segments.clone(),
            None
        )
        .is_none()
    );
    assert!(
        RenderedFeed::from_parts(
            Format::Json,
            document.gzip.clone(),
            document.segments[1..].to_vec(),
            None
        )
        .is_none()
    );
    assert!(RenderedFeed::from_parts(Format::Json, document.gzip, vec![], None).is_none());
}
