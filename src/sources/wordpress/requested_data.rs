//! Reads the data that the rendering of a post requested.

use super::lists;
use super::posts::{join_ids, select};
use super::session::WordPressSession;
use super::site::{DataRequest, WordPressSite};
use crate::sources::read_session::to_array;

/// Reads the data that rendering requested and adds it to the site.
pub(super) async fn fetch(
    session: &mut WordPressSession,
    site: &mut WordPressSite,
    wanted: impl IntoIterator<Item = DataRequest>,
) -> Result<(), anyhow::Error> {
    let (mut light, mut bodies) = (Vec::new(), Vec::new());
    for want in wanted {
        match want {
            DataRequest::Post(id) => light.push(id),
            DataRequest::Body(id) => bodies.push(id),
            DataRequest::List(query) => lists::read(session, site, query).await?,
            DataRequest::Months => site.months = Some(lists::months(session).await?),
            DataRequest::Days => site.days = Some(lists::days(session).await?),
            DataRequest::Comments => site.comments = Some(lists::comments(session).await?),
            DataRequest::Biography(user) => {
                let sql = format!(
                    "SELECT meta_value FROM {{p}}usermeta WHERE meta_key = 'description' AND user_id = {user}"
                );
                let rows = session.rows_if_readable(&sql, &[]).await?.unwrap_or_default();
                site.biographies.insert(
                    user,
                    rows.into_iter().next().map(to_array).map(|[text]| text).unwrap_or_default(),
                );
            }
        }
    }
    for (ids, with_body) in [(light, false), (bodies, true)] {
        if ids.is_empty() {
            continue;
        }
        let found = select(session, &format!("ID IN ({})", join_ids(&ids)), with_body).await?;
        for id in ids {
            site.posts.entry(id).or_insert(None);
        }
        site.posts.extend(found.into_iter().map(|post| (post.id, Some(post))));
    }
    Ok(())
}
