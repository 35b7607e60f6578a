//! Sample contexts of the pages that change feeds and digests.

use super::definitions::{
    ChangeRow, CheckedSettings, DefinitionDeletePage, DefinitionFormPage, DefinitionHistoryPage,
    FieldErrorLink, FieldGroup, FieldOption, FieldText, FormField, ScheduleField, ScheduleText,
    VersionRow,
};
use super::frame::{TimeText, framed};
use crate::templates::pages::View;

fn field(input: &str, error: Option<&str>) -> FormField {
    let option = |value: &str, is_chosen| FieldOption {
        value: value.into(),
        text: "Campus".into(),
        is_chosen,
    };
    FormField {
        key: input.into(),
        input: input.into(),
        label: "Schedule".into(),
        hint: error.map_or(String::new(), |_| "five fields".into()),
        value: "0 8 * * MON\n<b>".into(),
        options: vec![option("a", true), option("b", false)],
        texts: vec![FieldText {
            tag: "zh".into(),
            language_name: "简体中文".into(),
            value: "一周".into(),
        }],
        proposals: vec![option("0 8 * * *", false)],
        schedule: (input == "schedule").then(|| ScheduleField {
            kinds: vec![option("weekly", true), option("cron", false)],
            weekdays: vec![option("1", true), option("2", false)],
            month_days: vec![option("1", false), option("L", true)],
            time: "08:00".into(),
            cron: "0 8 * * MON".into(),
            wrong: error.map_or("", |_| "time").into(),
        }),
        error: error.map(Into::into),
        is_required: error.is_none(),
        is_read_only: error.is_some(),
    }
}

fn version(version: i64, is_deleted: bool) -> VersionRow {
    VersionRow {
        version,
        time: TimeText::sample(),
        author: "lin".into(),
        former_name: is_deleted.then(|| "old-name".into()),
        is_deleted,
        is_current: !is_deleted,
        can_restore: is_deleted,
        changes: vec![
            ChangeRow { label: "Articles".into(), before: Some("5".into()), after: None },
            ChangeRow { label: "Title".into(), before: None, after: Some("A".into()) },
        ],
    }
}

impl View for DefinitionFormPage {
    const TEMPLATE: &'static str = "web/admin/definition_form";

    fn samples() -> Vec<Self> {
        let inputs = ["text", "number", "lines", "area", "choices", "select", "texts", "schedule"];
        let group = |error: Option<&str>, can_fold| FieldGroup {
            title: "Schedule".into(),
            can_fold,
            is_open: error.is_some(),
            fields: inputs.iter().map(|input| field(input, error)).collect(),
            schedule: error.is_none().then(|| ScheduleText {
                sentence: "It is sent every Monday at 8:00:".into(),
                dates: vec![TimeText::sample(); 5],
            }),
        };
        let form = |frame, is_new, error| Self {
            frame,
            heading: "New digest".into(),
            list_path: "/admin/digests".into(),
            name: "weekly".into(),
            is_new,
            may_rename: !is_new,
            version: 7,
            groups: vec![group(error, false), group(error, true)],
            ..Self::default()
        };
        let mut samples = framed(|frame| form(frame, true, None));
        samples.extend(framed(|frame| Self {
            checked: Some(CheckedSettings {
                sentences: vec!["It selects 12 articles.".into()],
                titles: vec!["Open day".into()],
            }),
            ..form(frame, false, None)
        }));
        samples.extend(framed(|frame| Self {
            name_error: Some("The name is taken.".into()),
            field_errors: vec![FieldErrorLink {
                key: "text".into(),
                label: "Schedule".into(),
                message: "five fields".into(),
            }],
            other_errors: vec!["config.toml:3: an error".into()],
            ..form(frame, true, Some("five fields"))
        }));
        samples.extend(framed(|frame| Self {
            conflict: Some(version(8, false)),
            new_name: "Week".into(),
            rename_error: Some("lower-case letters".into()),
            ..form(frame, false, None)
        }));
        samples
    }
}

impl View for DefinitionDeletePage {
    const TEMPLATE: &'static str = "web/admin/definition_delete";

    fn samples() -> Vec<Self> {
        let page = |frame| Self {
            frame,
            heading: "Delete the digest".into(),
            list_path: "/admin/digests".into(),
            name: "weekly".into(),
            version: 7,
            ..Self::default()
        };
        let mut samples = framed(page);
        samples.extend(framed(|frame| Self {
            dependents: vec!["12 subscriptions".into()],
            errors: vec!["Somebody changed it.".into()],
            ..page(frame)
        }));
        samples
    }
}

impl View for DefinitionHistoryPage {
    const TEMPLATE: &'static str = "web/admin/definition_history";

    fn samples() -> Vec<Self> {
        let page = |frame| Self {
            frame,
            heading: "History".into(),
            list_path: "/admin/feeds".into(),
            name: "news".into(),
            newest: 8,
            ..Self::default()
        };
        let mut samples = framed(page);
        samples.extend(framed(|frame| Self {
            versions: vec![version(8, false), version(7, true)],
            errors: vec!["A source is missing.".into()],
            ..page(frame)
        }));
        samples
    }
}
