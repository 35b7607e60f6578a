//! Lists of the store that are read page by page: every row appears once, in one order.

use std::collections::BTreeSet;

use courant::domain::article::IncomingArticle;
use courant::domain::page::{Page, PageRequest};
use courant::domain::time::{Millis, SignedDuration};
use courant::store::StoreResult;

use crate::support::{article, database_tests};

/// Reads a list in pages of this size; returns the key of each row.
async fn in_pages<T>(
    size: usize,
    list: impl AsyncFn(PageRequest) -> StoreResult<Page<T>>,
    key: impl Fn(&T) -> String,
) -> Vec<String> {
    let (mut keys, mut request) = (Vec::new(), PageRequest::first(size));
    loop {
        let page = list(request.clone()).await.unwrap();
        assert!(page.items.len() <= size && (page.next.is_none() || page.items.len() == size));
        keys.extend(page.items.iter().map(&key));
        if page.next.is_none() {
            return keys;
        }
        request.after = page.next;
    }
}

database_tests! {
    async fn small_pages_together_are_the_whole_list(world) {
        world.add_readers(7).await;
        let now = world.now();
        // Articles of the same time are ordered by their ids.
        for (n, id) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            let age = SignedDuration::from_mins(i64::try_from(n / 3).unwrap());
            let published_at = now.plus(-age);
            world.publish([IncomingArticle { published_at, ..article(id) }]).await;
            if n >= 2 {
                world.create_edition().await;
            }
        }
        let store = &world.app.store;
        assert_eq!(store.editions().list(&PageRequest::first(9)).await.unwrap().items.len(), 3);
        for size in [1, 2, 3, 5, 100] {
            let articles = in_pages(size, async |p| store.articles().list(Millis(i64::MAX), &p).await, |a| a.source_id.clone()).await;
            assert_eq!(articles, ["a", "b", "c", "d", "e"], "{size}");
            let people = in_pages(size, async |p| store.subscribers().list(&p).await, |s| s.address.clone()).await;
            let different: BTreeSet<_> = people.iter().collect();
            assert_eq!((people.len(), different.len()), (7, 7), "{size}");
            let editions = in_pages(size, async |p| store.editions().list(&p).await, |e| e.id.to_string()).await;
            assert!(editions.is_sorted_by(|a, b| a > b), "{editions:?}");
        }
        let next = store.editions().list(&PageRequest::first(0)).await.unwrap().next;
        assert!(next.is_none());
        let foreign = store.articles().list(Millis(i64::MAX), &PageRequest::first(1)).await.unwrap().next;
        let request = PageRequest { limit: 1, after: foreign };
        let error = store.editions().list(&request).await.unwrap_err().to_string();
        assert!(error.contains("cursor is not valid for this list"), "{error}");
    }
}
