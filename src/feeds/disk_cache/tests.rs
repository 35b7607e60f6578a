//! Round trips through the disk cache, damaged files and files of an earlier format.

use super::*;
use crate::feeds::format::DocumentFrame;
use crate::feeds::rendered::assemble;

#[test]
fn a_stored_document_is_read_back_unless_any_byte_of_it_differs() {
    let frame = DocumentFrame { prefix: b"<".to_vec(), suffix: b">".to_vec() };
    let (mut document, _) = assemble(Format::Json, &frame, &[[1; 16], [2; 16]], None, |i| {
        Ok(vec![b'0' + u8::try_from(i).unwrap(); 40])
    });
    document.modified = Some(Millis(1_790_000_000_000));
    let bytes = encode("news.json", &document, "fingerprint").unwrap();
    let (file, cached) = decode(&bytes).unwrap();
    assert_eq!((file.as_str(), cached.fingerprint.as_str()), ("news.json", "fingerprint"));
    assert_eq!(
        (cached.document.gzip(), cached.document.segments(), &cached.document.etag),
        (document.gzip(), document.segments(), &document.etag)
    );
    assert_eq!(
        (cached.document.modified, cached.document.length),
        (document.modified, document.length)
    );
    for at in 0..bytes.len() {
        let mut torn = bytes.clone();
        torn[at] ^= 1;
        assert!(decode(&torn).is_err(), "byte {at}");
        assert!(decode(&bytes[..at]).is_err(), "{at} bytes");
    }
}

#[test]
fn files_of_an_earlier_format_are_ignored_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = |extension| directory.path().join(file_name_on_disk("news.json", extension));
    let header = "{\"file\":\"news.json\",\"format\":\"json\",\"modified\":1790000000000,\
                  \"settings\":\"0123\",\"pieces\":0,\"checksum\":\"4567\"}\n";
    let brotli = [brotli_header("etag", b"body").as_bytes(), b"\nbody"].concat();
    fs::write(path(DOCUMENT_EXTENSION), [header.as_bytes(), b"old body"].concat()).unwrap();
    fs::write(path(BROTLI_EXTENSION), brotli).unwrap();
    fs::write(directory.path().join(VERSION_1_CHECKPOINT), r#"{"store":"a","version":1,"at":2}"#)
        .unwrap();
    assert_eq!(decode(header.as_bytes()).unwrap_err(), DecodeError::OtherVersion);
    assert_eq!(decode(b"courant-feed-cache 1\n").unwrap_err(), DecodeError::OtherVersion);
    assert_eq!(decode(b"").unwrap_err(), DecodeError::Damaged);

    let cache = DiskCache::open(directory.path());
    assert!(cache.brotli("news.json", "etag").is_none());
    let reader = DiskCache::open(directory.path());
    for cache in [reader, cache] {
        let (documents, checkpoint) = cache.load();
        assert!(documents.is_empty() && checkpoint.is_none());
        assert_eq!(
            path(DOCUMENT_EXTENSION).exists(),
            !cache.is_writable(),
            "only its owner deletes"
        );
    }
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "the lock file: {left:?}");

    let cache = DiskCache::open(directory.path());
    let frame = DocumentFrame { prefix: b"<".to_vec(), suffix: b">".to_vec() };
    let (document, _) = assemble(Format::Json, &frame, &[], None, |_| Ok(Vec::new()));
    let documents = [("news.json".to_owned(), (Arc::new(document), "89ab".to_owned()))].into();
    let checkpoint = Checkpoint { store_id: "a".to_owned(), version: 3, at: 4 };
    cache.store(&documents, &[], Some(&checkpoint)).unwrap();
    let (loaded, read) = cache.load();
    assert_eq!((loaded["news.json"].fingerprint.as_str(), read), ("89ab", Some(checkpoint)));
}

#[test]
fn a_document_that_was_removed_and_is_stored_again_remains() {
    let directory = tempfile::tempdir().unwrap();
    let cache = DiskCache::open(directory.path());
    let frame = DocumentFrame { prefix: b"<".to_vec(), suffix: b">".to_vec() };
    let (document, _) = assemble(Format::Json, &frame, &[], None, |_| Ok(Vec::new()));
    let documents = [("news.json".to_owned(), (Arc::new(document), "89ab".to_owned()))].into();
    cache.store(&documents, &["news.json".to_owned()], None).unwrap();
    assert!(cache.load().0.contains_key("news.json"));
}
