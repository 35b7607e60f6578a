//! The context common to all pages of the admin area: navigation, breadcrumbs and the user.

use serde::Serialize;

use crate::templates::pages::context::PageContext;
use crate::templates::pages::sample_contexts::both;

/// Context common to all pages of the admin area.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AdminFrame {
    /// Context common to all pages.
    #[serde(flatten)]
    pub page: PageContext,
    /// Name of the signed-in user.
    pub user: String,
    /// Groups of the navigation, with the items that the user may open.
    pub nav: Vec<NavGroup>,
    /// Pages above this one, outermost first.
    pub crumbs: Vec<Crumb>,
    /// Command that does the same as the page, if there is one.
    pub command: Option<String>,
    /// Method and path of the API that do the same as the page, if there are any.
    pub call: Option<String>,
    /// Sentence about what the last form did.
    pub done: Option<String>,
    /// Sentence about why the last form did nothing.
    pub refused: Option<String>,
    /// Path of the page with its query, to which the language switch leads back.
    pub here: String,
    /// Name of the time zone of the page's times.
    pub zone: String,
    /// `true` if single keys are shortcuts.
    pub has_shortcuts: bool,
    /// Paused digests of the user, if there are any.
    pub paused_banner: Option<PausedBanner>,
}

/// Banner about the digests that admins have paused.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PausedBanner {
    /// `true` if all of several digests are paused.
    pub is_all: bool,
    /// `true` if the user sees only some digests.
    pub is_limited: bool,
    /// Number of the paused digests.
    pub count: usize,
    /// Paused digests; empty if all are paused, or too many to list them.
    pub digests: Vec<PausedDigest>,
    /// `true` if the user may resume them.
    pub may_resume: bool,
}

/// Paused digest in the banner.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PausedDigest {
    /// Name of the digest.
    pub name: String,
    /// Title of the digest.
    pub title: String,
    /// Time since which it is paused.
    pub since: String,
}

impl PausedBanner {
    /// Returns the banner of the page of a digest, which says itself that the digest is paused; `None` if
    /// nothing else is to be said.
    #[must_use]
    pub fn without(mut self, digest: &str) -> Option<Self> {
        let names_digest = self.digests.iter().any(|one| one.name == digest);
        self.digests.retain(|one| one.name != digest);
        (!names_digest || !self.digests.is_empty()).then_some(self)
    }

    /// Returns a banner about all digests, and one about a single digest.
    fn samples() -> [Self; 2] {
        let digest = PausedDigest {
            name: "weekly".into(),
            title: "The week".into(),
            since: "2026-09-21 16:40".into(),
        };
        let all = Self { is_all: true, count: 2, may_resume: true, ..Self::default() };
        let one = Self { count: 1, digests: vec![digest], may_resume: true, ..Self::default() };
        [all, one]
    }
}

/// Group of the navigation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NavGroup {
    /// Catalog key of the title; `None` for the first group.
    pub title_key: Option<String>,
    /// Items of the group.
    pub items: Vec<NavItem>,
}

/// Item of the navigation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NavItem {
    /// Catalog key of the text.
    pub text_key: String,
    /// Name of the icon in `icons.svg`.
    pub icon: String,
    /// Path of the page below the path of `base_url`.
    pub path: String,
    /// Key that opens the page after `g`.
    pub shortcut: String,
    /// `true` for the page itself and those below it.
    pub is_current: bool,
}

/// Page above the one that is shown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Crumb {
    /// Text of the link.
    pub text: String,
    /// URL of the page.
    pub url: String,
}

/// Time for a person, in the zone of the user.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TimeText {
    /// Time in the zone of the user: `2026-09-21 16:40`.
    pub text: String,
    /// Time in UTC: `2026-09-21 08:40 UTC`.
    pub utc: String,
    /// Time by RFC 3339.
    pub iso: String,
}

impl TimeText {
    /// Returns a sample time.
    pub(super) fn sample() -> Self {
        Self {
            text: "2026-09-21 16:40".into(),
            utc: "2026-09-21 08:40 UTC".into(),
            iso: "2026-09-21T08:40:00Z".into(),
        }
    }
}

/// Returns the same sample of a page in English and in Chinese.
pub(super) fn framed<V>(make: impl Fn(AdminFrame) -> V) -> Vec<V> {
    let item = |text_key: &str, path: &str, is_current| NavItem {
        text_key: text_key.into(),
        icon: "home".into(),
        path: path.into(),
        shortcut: "h".into(),
        is_current,
    };
    let nav = vec![
        NavGroup { title_key: None, items: vec![item("admin-home", "/admin/", true)] },
        NavGroup {
            title_key: Some("admin-group-content".into()),
            items: vec![item("admin-feeds", "/admin/feeds", false)],
        },
    ];
    let frame = |page: PageContext| AdminFrame {
        done: page.demo.then(|| "The edition is paused.".into()),
        refused: (!page.demo).then(|| "The edition was sent already.".into()),
        paused_banner: PausedBanner::samples().into_iter().nth(usize::from(page.demo)),
        page,
        user: "lin".into(),
        nav: nav.clone(),
        crumbs: vec![Crumb { text: "Home".into(), url: "/admin/".into() }],
        command: Some("courant status".into()),
        call: Some("GET /api/v1/status".into()),
        here: "/admin/".into(),
        zone: "Asia/Shanghai".into(),
        has_shortcuts: true,
    };
    both(|page| make(frame(page)))
}
