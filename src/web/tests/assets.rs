//! Tests of the files that pages load.

use std::io::Read as _;

use flate2::read::GzDecoder;

use super::*;

#[tokio::test]
async fn files_that_pages_load_are_compressed_for_clients_that_accept_it() {
    let site = Site::new(false).await;
    for name in ["style.css", "admin.js", "demo.js", "icons.svg"] {
        let path = format!("/assets/{name}");
        let plain = site.get(&path).await;
        let request = Request::get(&path).header(header::ACCEPT_ENCODING, "gzip, br");
        let compressed = site.send(request, "").await;
        assert!(!plain.headers.contains_key(header::CONTENT_ENCODING), "{name}");
        assert_eq!(compressed.header(header::CONTENT_ENCODING), "gzip", "{name}");
        assert_eq!(plain.header(header::VARY), "Accept-Encoding", "{name}");
        assert_eq!(compressed.header(header::VARY), "Accept-Encoding", "{name}");
        assert_eq!(compressed.header(header::CONTENT_TYPE), plain.header(header::CONTENT_TYPE));
        assert!(compressed.body.len() * 2 < plain.body.len(), "{name}");
        let mut text = Vec::new();
        GzDecoder::new(&*compressed.body).read_to_end(&mut text).unwrap();
        assert!(text == plain.body, "{name}");
    }
}
