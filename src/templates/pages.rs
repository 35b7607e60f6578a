//! Contexts of the page templates. Forms post the fields named in the documentation of their
//! contexts.

mod admin;
mod api;
mod context;
mod demo_samples;
mod forms;
mod mailbox;
mod sample_contexts;
mod samples;
mod view;

use serde::Serialize;

pub use admin::PauseAll;
pub use admin::{
    AdminAction, AdminFeedPage, AdminFeedsPage, AdminFrame, AttentionRow, Bar, Block, CalendarDay,
    CalendarMonth, Cell, ChangeRow, Chart, CheckedSettings, Chip, Choice, ChoiceBoxes, Column,
    Crumb, DefinitionDeletePage, DefinitionFormPage, DefinitionHistoryPage, DigestPage,
    DigestSummary, DigestsPage, EditionArticle, EditionMailPage, EditionPage, EditionVariant,
    EditionsPage, EnrollmentView, Fact, FeedSummaryRow, Field, FieldErrorLink, FieldGroup,
    FieldOption, FieldText, FindPage, FoldedTable, FormField, FormView, FoundGroup, FoundItem,
    HomePage, LoginPage, MailPreviewPage, MailView, NavGroup, NavItem, ObjectPage, Origin,
    OutcomeCounts, Pager, PausedBanner, PausedDigest, ProfilePage, RecentEdition, RecipientRow,
    RecoveryCodesPage, ScheduleField, ScheduleText, SessionRow, SetPasswordPage, Share, Table,
    Tick, TimeText, UpcomingEdition, VersionRow, WeekdayName,
};
pub use admin::{
    AttributeField, DetailsForm, DigestChoice, LastEdition, NewPersonPage, PersonChange,
    PersonDelivery, PersonPage, PersonSubscription, RequestFields, StateRow, TextField,
};
pub use admin::{AuditName, AuditPage, AuditRow, DetailField, Details};
pub use admin::{BulkJobPage, BulkJobRow, BulkJobsPage, BulkPage, OutcomeRow};
pub use admin::{
    CellDigest, ColumnChoice, FilterField, FilterForm, PersonCell, PersonRow, StateText,
    SubscribersPage,
};
pub use admin::{
    ChangedPersonRow, ChangedValueRow, ImportColumn, ImportPage, ImportRow, ImportsPage,
    RejectedRow, SelectOption,
};
pub use admin::{
    NewSuppressionPage, SegmentPage, SegmentRow, SegmentsPage, SuppressionRow, SuppressionsPage,
};
pub use api::{ApiField, ApiGroup, ApiOperation, ApiPage, ApiResponse};
pub use context::{Alternate, LanguageLink, PageContext};
pub use forms::{
    ConfirmPage, ConfirmState, DigestOption, PublishPage, SectionOption, SubscribePage,
    UnsubscribePage, UnsubscribeState,
};
pub use mailbox::{DemoArticlePage, DemoPicture, MailRow, MailboxMailPage, MailboxPage};
pub use view::View;

use super::renderer::Renderer;

/// Context of `/`, the home page with feeds and digests.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IndexPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// All public feeds, in the order of the configuration.
    pub feeds: Vec<FeedRow>,
    /// Formats of a feed.
    pub formats: Vec<FormatName>,
    /// All digests, in the order of the configuration.
    pub digests: Vec<DigestRow>,
    /// A few of the newest articles; may be empty.
    pub latest: Vec<ArticleRow>,
    /// `true` if `/feeds.opml` is served.
    pub opml: bool,
    /// Choice that the subscription page offers: `both`, `sections`, `language` or `none`.
    pub subscription_choice: String,
    /// State of the demo; `None` outside of it.
    pub demo_banner: Option<DemoBanner>,
}

/// Feed in a list of feeds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedRow {
    /// Path of the feed below `/feeds/`, without a format.
    pub path: String,
    /// URL of the feed without a format.
    pub url: String,
    /// Title of the feed.
    pub title: String,
    /// Description of the feed, if there is one.
    pub description: Option<String>,
    /// Number of its articles; 0 also if unknown.
    pub count: usize,
}

/// Format of a feed, as shown to a person and as the extension of its URL.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FormatName {
    /// Display name, for example `RSS`.
    pub name: String,
    /// Extension without a dot, for example `rss`.
    pub extension: String,
}

/// Group of related feeds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedGroup {
    /// Key of the text that is the group's title, for example `feeds-by-section`.
    pub title_key: String,
    /// Feeds of the group.
    pub feeds: Vec<FeedRow>,
}

/// Digest on the home page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestRow {
    /// Slug of the digest.
    pub name: String,
    /// Title of the digest.
    pub title: String,
    /// Description of the digest, if there is one.
    pub description: Option<String>,
    /// Sentence that states how often it is sent; `None` if no short one does.
    pub schedule_text: Option<String>,
    /// Localized date of the next edition, if the schedule does not tell it.
    pub next_date_text: Option<String>,
    /// `true` while an admin has paused the digest.
    pub is_paused: bool,
}

/// Article in a list of articles.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ArticleRow {
    /// Title of the article.
    pub title: String,
    /// URL of the article, if it has one.
    pub url: Option<String>,
    /// Summary as plain text; may be empty.
    pub summary: String,
    /// First section of the article, if any.
    pub section: Option<String>,
    /// Publication date in the page's language.
    pub date_text: String,
    /// Language of the article (RFC 5646).
    pub language: String,
}

/// Banner on the demo's home page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DemoBanner {
    /// Seconds until the next digest; `None` if none is scheduled, or while it is paused.
    pub next_seconds: Option<u64>,
    /// `true` while an admin has paused the digest.
    pub is_paused: bool,
    /// Number of e-mails in the demo mailbox.
    pub messages: usize,
    /// Interval after which the page reloads without its script, in seconds.
    pub refresh_seconds: u32,
}

/// Context of `/feeds/NAME`, the page of a feed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Feed that is shown.
    pub feed: FeedRow,
    /// Newest articles of the feed, or all articles of an archive page.
    pub articles: Vec<ArticleRow>,
    /// URLs of the feed, one per format.
    pub alternates: Vec<Alternate>,
    /// Native names of the articles' languages.
    pub language_names: Vec<String>,
    /// `true` if readers can subscribe to the feed with WebSub.
    pub has_websub: bool,
    /// Path of the preceding archive page, if any.
    pub previous_url: Option<String>,
    /// HTML snippet that announces the feed in the head of other pages.
    pub snippet: String,
    /// On-demand feeds with a part of its articles.
    pub groups: Vec<FeedGroup>,
    /// `true` if the URL of the feed is a secret.
    pub is_private: bool,
    /// Month of the archive page shown, for example `August 2026`; `None` for the feed itself.
    pub archive_month: Option<String>,
    /// Script for the buttons that copy URLs.
    pub script: String,
}

/// Context of `/feeds/`, the list of all public feeds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedsPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Configured feeds, in the order of the configuration.
    pub feeds: Vec<FeedRow>,
    /// Formats of a feed.
    pub formats: Vec<FormatName>,
    /// `true` if `/feeds.opml` is served.
    pub opml: bool,
    /// On-demand feeds in groups.
    pub groups: Vec<FeedGroup>,
}

/// Kind of a notice, which selects its icon and colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// Success of a requested action.
    Success,
    /// Neutral information for the reader.
    #[default]
    Info,
    /// Failure of a requested action.
    Error,
}

/// Link offered with a notice.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Action {
    /// Text of the link.
    pub text: String,
    /// URL of the link.
    pub url: String,
}

/// Context of a notice, a page shown after a form was sent, for example.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NoticePage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Kind of the notice.
    pub kind: NoticeKind,
    /// Title of the notice.
    pub title: String,
    /// Sentences, one paragraph each.
    pub sentences: Vec<String>,
    /// Links; the first is shown as a button.
    pub actions: Vec<Action>,
}

/// Context of an error page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ErrorPage {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// HTTP status code of the response.
    pub status: u16,
    /// Title of the error.
    pub title: String,
    /// Problem and remedy in one sentence.
    pub sentence: String,
}

/// Function that returns the renderer with a template.
type Renderers<'a, 'r> = &'a dyn Fn(&str) -> anyhow::Result<&'r Renderer>;

/// Renders a page; blocks the thread.
///
/// # Errors
/// One sentence with file, line, column and remedy; embedded templates do not fail.
fn render<V: View>(renderers: Renderers<'_, '_>, view: &V) -> anyhow::Result<String> {
    renderers(V::TEMPLATE)?.render(V::TEMPLATE, &serde_json::to_value(view)?)
}

/// Renders every page with all its samples; returns the errors.
pub(super) fn check(renderers: Renderers<'_, '_>) -> Vec<anyhow::Error> {
    fn all<V: View>(renderers: Renderers<'_, '_>) -> impl Iterator<Item = anyhow::Error> {
        V::samples().into_iter().filter_map(|sample| render(renderers, &sample).err())
    }
    all::<IndexPage>(renderers)
        .chain(all::<FeedPage>(renderers))
        .chain(all::<FeedsPage>(renderers))
        .chain(all::<SubscribePage>(renderers))
        .chain(all::<ConfirmPage>(renderers))
        .chain(all::<UnsubscribePage>(renderers))
        .chain(all::<LoginPage>(renderers))
        .chain(all::<SetPasswordPage>(renderers))
        .chain(all::<ProfilePage>(renderers))
        .chain(all::<RecoveryCodesPage>(renderers))
        .chain(all::<HomePage>(renderers))
        .chain(all::<FindPage>(renderers))
        .chain(all::<ObjectPage>(renderers))
        .chain(all::<EditionsPage>(renderers))
        .chain(all::<EditionPage>(renderers))
        .chain(all::<DigestsPage>(renderers))
        .chain(all::<DigestPage>(renderers))
        .chain(all::<MailPreviewPage>(renderers))
        .chain(all::<EditionMailPage>(renderers))
        .chain(all::<DefinitionFormPage>(renderers))
        .chain(all::<AdminFeedsPage>(renderers))
        .chain(all::<AdminFeedPage>(renderers))
        .chain(all::<DefinitionDeletePage>(renderers))
        .chain(all::<DefinitionHistoryPage>(renderers))
        .chain(all::<SubscribersPage>(renderers))
        .chain(all::<PersonPage>(renderers))
        .chain(all::<NewPersonPage>(renderers))
        .chain(all::<BulkPage>(renderers))
        .chain(all::<BulkJobsPage>(renderers))
        .chain(all::<BulkJobPage>(renderers))
        .chain(all::<ImportsPage>(renderers))
        .chain(all::<ImportPage>(renderers))
        .chain(all::<SegmentsPage>(renderers))
        .chain(all::<SegmentPage>(renderers))
        .chain(all::<SuppressionsPage>(renderers))
        .chain(all::<NewSuppressionPage>(renderers))
        .chain(all::<AuditPage>(renderers))
        .chain(all::<NoticePage>(renderers))
        .chain(all::<ErrorPage>(renderers))
        .chain(all::<MailboxPage>(renderers))
        .chain(all::<MailboxMailPage>(renderers))
        .chain(all::<PublishPage>(renderers))
        .chain(all::<DemoArticlePage>(renderers))
        .collect()
}
