//! Contexts of the admin area.

mod account;
mod account_samples;
mod audit;
mod bulk;
mod chart;
mod definition_samples;
mod definitions;
mod digest_samples;
mod digests;
mod editions;
mod feeds;
mod filter_form;
mod find;
mod form;
mod frame;
mod home;
mod imports;
mod list;
mod mails;
mod object;
mod pause_all;
mod people;
mod person;
mod segments;
mod select;
mod table;

pub use account::{
    EnrollmentView, LoginPage, ProfilePage, RecoveryCodesPage, SessionRow, SetPasswordPage,
};
pub use audit::{AuditName, AuditPage, AuditRow, DetailField, Details};
pub use bulk::{BulkJobPage, BulkJobRow, BulkJobsPage, BulkPage, OutcomeRow};
pub use chart::{Bar, Chart, Tick};
pub use definitions::{
    ChangeRow, CheckedSettings, DefinitionDeletePage, DefinitionFormPage, DefinitionHistoryPage,
    FieldErrorLink, FieldGroup, FieldOption, FieldText, FormField, ScheduleField, ScheduleText,
    VersionRow,
};
pub use digests::{
    CalendarDay, CalendarMonth, DigestPage, DigestSummary, DigestsPage, Origin, Share, WeekdayName,
};
pub use editions::{EditionArticle, EditionPage, EditionVariant, EditionsPage, RecipientRow};
pub use feeds::{AdminFeedPage, AdminFeedsPage, FeedSummaryRow};
pub use filter_form::FilterForm;
pub use find::{FindPage, FoundGroup, FoundItem};
pub use form::{Choice, ChoiceBoxes, Field, FormView};
pub use frame::{AdminFrame, Crumb, NavGroup, NavItem, PausedBanner, PausedDigest, TimeText};
pub use home::{AttentionRow, HomePage, OutcomeCounts, RecentEdition, UpcomingEdition};
pub use imports::{
    ChangedPersonRow, ChangedValueRow, ImportColumn, ImportPage, ImportRow, ImportsPage,
    RejectedRow,
};
pub use list::{Chip, Pager};
pub use mails::{EditionMailPage, MailPreviewPage, MailView};
pub use object::{Block, Fact, FoldedTable, ObjectPage};
pub use pause_all::PauseAll;
pub use people::{
    CellDigest, ColumnChoice, FilterField, PersonCell, PersonRow, StateText, SubscribersPage,
};
pub use person::{
    AttributeField, DetailsForm, DigestChoice, LastEdition, NewPersonPage, PersonChange,
    PersonDelivery, PersonPage, PersonSubscription, RequestFields, StateRow, TextField,
};
pub use segments::{
    NewSuppressionPage, SegmentPage, SegmentRow, SegmentsPage, SuppressionRow, SuppressionsPage,
};
pub use select::SelectOption;
pub use table::{Action as AdminAction, Cell, Column, Table};
