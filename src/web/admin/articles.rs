//! `/admin/articles`: the mirrored articles, and where each of them appeared.

use axum::extract::Path;
use axum::response::Response;
use percent_encoding::utf8_percent_encode;

use super::article_frame;
use super::nav::Section;
use super::visit::Visit;
use crate::domain::article::Article;
use crate::domain::percent::SEGMENT;
use crate::store::article_lists::{ArticleQuery, ArticleState};
use crate::templates::pages::{AdminAction, Block, Cell, Chip, Fact, ObjectPage, Table};
use crate::web::error::{WebError, WebResult};

/// Number of editions on the page of an article.
const LISTED_EDITIONS: i64 = 20;

/// `GET /admin/articles`: the articles, newest first.
pub(super) async fn list(visit: Visit) -> WebResult<Response> {
    let state = match visit.param("state") {
        Some("scheduled") => ArticleState::Scheduled,
        Some("removed") => ArticleState::Removed,
        _ => ArticleState::Published,
    };
    let text = |name: &str| visit.param(name).map(str::to_owned);
    let query = ArticleQuery {
        search: text("q").unwrap_or_default(),
        source: text("source"),
        language: text("language"),
        section: text("section"),
        state,
    };
    let articles = visit.app().store.articles();
    let page = articles.list_matching(&query, visit.now, &visit.page_request()).await?;
    let pager = visit.pager(&page);
    let titles =
        ["article-title", "article-section", "admin-source", "admin-language", "admin-when"];
    let table = Table {
        chips: chips(&visit),
        columns: visit.columns(&titles, &[]),
        rows: page.items.iter().map(|article| row(&visit, article)).collect(),
        empty: visit.text("article-none", &[]),
        pager,
    };
    let mut page = visit.list_page(Section::Articles, table);
    page.search = Some(query.search);
    page.live = "article".to_owned();
    page.frame.command = Some("courant articles list".to_owned());
    page.frame.call = Some("GET /api/v1/articles".to_owned());
    visit.render(&page).await
}

fn chips(visit: &Visit) -> Vec<Chip> {
    let state =
        |value: Option<&str>, key: &str| visit.chip("state", value, visit.text(key, &[]), None);
    let mut chips = vec![
        state(None, "article-published"),
        state(Some("scheduled"), "article-scheduled"),
        state(Some("removed"), "article-removed"),
    ];
    let sources = &visit.app().config.sources;
    if sources.len() > 1 {
        let of = |name: &str| {
            // A second click takes the filter away.
            let is_current = visit.param("source") == Some(name);
            let url = visit.query_with(&[("source", (!is_current).then_some(name))]);
            Chip { text: name.to_owned(), count: None, url, is_current }
        };
        chips.extend(sources.iter().map(|source| of(&source.name)));
    }
    for name in ["language", "section"] {
        chips.extend(visit.param(name).map(|value| Chip {
            text: match name {
                "section" => format!("{} ×", visit.section_title(value)),
                _ => format!("{} ×", visit.app().templates.language_name(value)),
            },
            count: None,
            url: visit.query_with(&[(name, None)]),
            is_current: true,
        }));
    }
    chips
}

fn path_of(article: &Article) -> String {
    format!("/admin/articles/{}", utf8_percent_encode(&article.guid, SEGMENT))
}

fn row(visit: &Visit, article: &Article) -> Vec<Cell> {
    let section = article.sections.first();
    let section = section.map_or_else(Cell::default, |section| {
        Cell::link(visit.section_title(section), visit.query_with(&[("section", Some(section))]))
    });
    vec![
        Cell::link(title(visit, article), visit.url(&path_of(article))),
        section,
        Cell::text(&article.source),
        Cell::link(
            visit.app().templates.language_name(&article.language),
            visit.query_with(&[("language", Some(&article.language))]),
        ),
        Cell::time(Some(visit.time(article.published_at))),
    ]
}

/// Returns the title; that of a removed article is not stored any more.
fn title(visit: &Visit, article: &Article) -> String {
    if article.title.is_empty() {
        visit.text("article-removed-title", &[("id", article.source_id.as_str().into())])
    } else {
        article.title.clone()
    }
}

async fn find(visit: &Visit, id: &str) -> WebResult<Article> {
    visit.app().store.articles().find(id).await?.ok_or_else(WebError::not_found)
}

/// `GET /admin/articles/ID`: one article as it was mirrored, and where it appeared.
pub(super) async fn show(visit: Visit, Path(id): Path<String>) -> WebResult<Response> {
    let article = find(&visit, &id).await?;
    let mut page = visit.object_page(Section::Articles, title(&visit, &article));
    page.state = Some(state_cell(&visit, &article));
    page.frame.command = Some(format!("courant articles show {}", article.guid));
    page.frame.call = Some("GET /api/v1/articles/{id}".to_owned());
    if let Some(url) = &article.url {
        page.actions.push(AdminAction::link(visit.text("article-original", &[]), url.clone()));
    }
    add_facts(&visit, &article, &mut page);
    page.blocks.push(editions(&visit, &article).await?);
    let sources = visit.app().store.sources();
    if let Some(note) = sources.note_on(&article.source, &article.source_id).await? {
        page.lede = note;
    }
    if !article.body_html.is_empty() {
        page.content_url = Some(visit.url(&format!("{}/content", path_of(&article))));
        page.content_height = article_frame::height(&article.body_html);
    }
    visit.render(&page).await
}

fn state_cell(visit: &Visit, article: &Article) -> Cell {
    let (key, level) = if article.removed_at.is_some() {
        ("article-removed", "off")
    } else if article.published_at > visit.now {
        ("article-scheduled", "warn")
    } else {
        ("article-published", "good")
    };
    Cell::state(visit.text(key, &[]), level)
}

fn add_facts(visit: &Visit, article: &Article, page: &mut ObjectPage) {
    let fact = |key: &str, value| Fact::new(visit.text(key, &[]), value);
    let time = |at| Cell::time(Some(visit.time(at)));
    let texts = |key: &str, all: &[String]| Fact {
        label: visit.text(key, &[]),
        values: all.iter().map(Cell::text).collect(),
    };
    let source = visit.url(&format!("/admin/sources/{}", article.source));
    let sections: Vec<String> =
        article.sections.iter().map(|name| visit.section_title(name)).collect();
    page.facts = vec![
        fact("admin-source", Cell::link(&article.source, source).with_detail(&article.source_id)),
        fact("article-published-at", time(article.published_at)),
        fact("article-updated-at", time(article.updated_at)),
        fact("article-first-seen", time(article.first_seen_at)),
        fact("admin-language", Cell::text(visit.app().templates.language_name(&article.language))),
        texts("article-sections", &sections),
        texts("article-tags", &article.tags),
        texts("article-authors", &article.authors),
        fact("article-id", Cell::code(&article.guid)),
    ];
    let terms = article.terms();
    let feeds = visit.app().config.feeds.iter();
    let feeds =
        feeds.filter(|feed| article.removed_at.is_none() && feed.selection.may_select(&terms));
    let feeds = feeds.map(|feed| {
        let url = visit.url(&format!("/admin/feeds/{}", feed.name));
        Cell::link(feed.title_in(&visit.client.language), url)
    });
    page.facts.push(Fact { label: visit.text("article-feeds", &[]), values: feeds.collect() });
    page.facts.retain(|fact| !fact.values.is_empty());
}

async fn editions(visit: &Visit, article: &Article) -> WebResult<Block> {
    let articles = visit.app().store.articles();
    let editions = articles.editions_with(article.row_id, LISTED_EDITIONS).await?;
    let scope = visit.actor.digests();
    let rows = editions.into_iter().filter(|edition| scope.contains(&edition.digest));
    let rows = rows.map(|edition| {
        let url = visit.url(&format!("/admin/editions/{}", edition.id));
        vec![
            Cell::link(visit.edition_title(&edition.digest, &edition.title), url)
                .with_detail(edition.id.to_string()),
            Cell::time(Some(visit.time(edition.scheduled_for))),
        ]
    });
    let table = Table {
        columns: visit.columns(&["admin-edition", "admin-when"], &[]),
        rows: rows.collect(),
        empty: visit.text("article-no-editions", &[]),
        ..Table::default()
    };
    Ok(Block::new(visit.text("admin-editions", &[]), table))
}

/// `GET /admin/articles/ID/content`: the text of an article, for the frame of its page.
pub(super) async fn content(visit: Visit, Path(id): Path<String>) -> WebResult<Response> {
    let article = find(&visit, &id).await?;
    Ok(article_frame::document(&article))
}
