//! Contexts of the admin area.

mod account;
mod account_samples;
mod chart;
mod definition_samples;
mod definitions;
mod digest_samples;
mod digests;
mod editions;
mod feeds;
mod find;
mod form;
mod frame;
mod home;
mod list;
mod mails;
mod object;
mod table;

pub use account::{
    EnrollmentView, LoginPage, ProfilePage, RecoveryCodesPage, SessionRow, SetPasswordPage,
};
pub use chart::{Bar, Chart, Tick};
pub use definitions::{
    ChangeRow, CheckedSettings, DefinitionDeletePage, DefinitionFormPage, DefinitionHistoryPage,
    FieldErrorLink, FieldGroup, FieldOption, FieldText, FormField, VersionRow,
};
pub use digests::{
    CalendarDay, CalendarMonth, DigestPage, DigestSummary, DigestsPage, Origin, Share,
};
pub use editions::{EditionArticle, EditionPage, EditionVariant, EditionsPage, RecipientRow};
pub use feeds::{AdminFeedPage, AdminFeedsPage, FeedSummaryRow};
pub use find::{FindPage, FoundGroup, FoundItem};
pub use form::{Choice, Field, FormView};
pub use frame::{AdminFrame, Crumb, NavGroup, NavItem, TimeText};
pub use home::{AttentionRow, HomePage, OutcomeCounts, RecentEdition, UpcomingEdition};
pub use list::{Chip, Pager};
pub use mails::{EditionMailPage, MailPreviewPage, MailView};
pub use object::{Block, Fact, ObjectPage};
pub use table::{Action as AdminAction, Cell, Column, Table};
