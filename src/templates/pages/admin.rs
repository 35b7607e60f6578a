//! Contexts of the admin area.

mod account;
mod account_samples;
mod chart;
mod editions;
mod find;
mod form;
mod frame;
mod home;
mod list;
mod object;
mod table;

pub use account::{
    EnrollmentView, LoginPage, ProfilePage, RecoveryCodesPage, SessionRow, SetPasswordPage,
};
pub use chart::{Bar, Chart, Tick};
pub use editions::{EditionArticle, EditionPage, EditionVariant, EditionsPage, RecipientRow};
pub use find::{FindPage, FoundGroup, FoundItem};
pub use form::{Choice, Field, FormView};
pub use frame::{AdminFrame, Crumb, NavGroup, NavItem, TimeText};
pub use home::{AttentionRow, HomePage, OutcomeCounts, RecentEdition, UpcomingEdition};
pub use list::{Chip, Pager};
pub use object::{Block, Fact, ObjectPage};
pub use table::{Action as AdminAction, Cell, Column, Table};
