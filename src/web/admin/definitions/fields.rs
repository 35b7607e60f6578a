//! Fields of the forms for feeds and digests: their keys, inputs and groups.

use crate::domain::definition::DefinitionKind;
use crate::web::admin::visit::Visit;

/// Input of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// Text of one line.
    Text,
    /// Whole number as text.
    Number,
    /// List with one element per line.
    Lines,
    /// List of short words with commas between them.
    Words,
    /// Text of several lines.
    Area,
    /// List of known names and others.
    Choices(Names),
    /// One of some values.
    Select(Values),
    /// Texts of one kind by language.
    Texts,
    /// Kind of days, days and time of a schedule, or its cron pattern.
    Schedule,
}

/// Names that a list proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Most frequent sections of the articles.
    Sections,
    /// Sources of the configuration.
    Sources,
}

/// Values of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// These words; their texts have the catalog keys `admin-choice-WORD`.
    Words(&'static [&'static str]),
    /// Names of the templates of digests.
    Templates,
    /// Transports of the configuration.
    Transports,
}

/// Field of a form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Key of the setting.
    pub(super) key: &'static str,
    /// Input of the field.
    pub(super) input: Input,
}

/// Group of fields; its title has the catalog key `admin-fields-NAME`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// Name of the group.
    pub(super) name: &'static str,
    /// `true` if the group is folded at first.
    pub(super) can_fold: bool,
    /// Fields of the group.
    pub(super) fields: &'static [Field],
}

const fn field(key: &'static str, input: Input) -> Field {
    Field { key, input }
}

const SECTIONS: Field = field("sections", Input::Choices(Names::Sections));
const SOURCES: Field = field("sources", Input::Choices(Names::Sources));
const TAGS: Field = field("tags", Input::Lines);
const AUTHORS: Field = field("authors", Input::Lines);

const DIGEST: &[Group] = &[
    Group {
        name: "basics",
        can_fold: false,
        fields: &[field("title", Input::Text), field("description", Input::Text)],
    },
    Group {
        name: "schedule",
        can_fold: false,
        fields: &[
            field("schedule", Input::Schedule),
            field("timezone", Input::Text),
            field("pause", Input::Lines),
        ],
    },
    Group {
        name: "mail",
        can_fold: false,
        fields: &[
            field("from", Input::Text),
            field("reply_to", Input::Text),
            field("languages", Input::Words),
        ],
    },
    Group { name: "articles", can_fold: false, fields: &[SECTIONS, SOURCES, TAGS, AUTHORS] },
    Group {
        name: "translations",
        can_fold: true,
        fields: &[
            field("titles", Input::Texts),
            field("descriptions", Input::Texts),
            field("subjects", Input::Texts),
        ],
    },
    Group {
        name: "more",
        can_fold: true,
        fields: &[
            field("subject", Input::Text),
            field("offer_sections", Input::Lines),
            field("audience", Input::Text),
            field("min_articles", Input::Number),
            field("max_articles", Input::Number),
            field("max_age", Input::Text),
            field("template", Input::Select(Values::Templates)),
            field("transport", Input::Select(Values::Transports)),
            field("missed", Input::Select(Values::Words(&["once", "skip"]))),
            field("missed_within", Input::Text),
        ],
    },
];

const FEED: &[Group] = &[
    Group {
        name: "basics",
        can_fold: false,
        fields: &[field("title", Input::Text), field("description", Input::Text)],
    },
    Group {
        name: "articles",
        can_fold: false,
        fields: &[SECTIONS, SOURCES, TAGS, AUTHORS, field("languages", Input::Words)],
    },
    Group {
        name: "translations",
        can_fold: true,
        fields: &[field("titles", Input::Texts), field("descriptions", Input::Texts)],
    },
    Group {
        name: "more",
        can_fold: true,
        fields: &[
            field("items", Input::Number),
            field("content", Input::Select(Values::Words(&["full", "summary"]))),
            field("aliases", Input::Lines),
            field("private", Input::Text),
            field("max_age", Input::Text),
            field("extra_xml", Input::Area),
        ],
    },
];

/// Returns the groups of the form of a kind; none for a kind without a form.
pub(super) fn groups(kind: DefinitionKind) -> &'static [Group] {
    match kind {
        DefinitionKind::Digest => DIGEST,
        DefinitionKind::Feed => FEED,
        DefinitionKind::Segment | DefinitionKind::Webhook => &[],
    }
}

/// Returns all fields of the form of a kind.
pub(super) fn fields(kind: DefinitionKind) -> impl Iterator<Item = &'static Field> {
    groups(kind).iter().flat_map(|group| group.fields)
}

/// Returns `true` if a setting has no default.
pub(super) fn is_required(kind: DefinitionKind, key: &str) -> bool {
    kind == DefinitionKind::Digest && matches!(key, "schedule" | "from")
}

/// Returns the end of the catalog key of a setting.
pub(super) fn text_key(kind: DefinitionKind, key: &str) -> String {
    match (kind, key) {
        // These two mean something else than in digests.
        (DefinitionKind::Feed, "max_age" | "languages") => {
            format!("feed-{}", key.replace('_', "-"))
        }
        _ => key.replace('_', "-"),
    }
}

/// Returns the label of a setting in the form of its kind; `None` if the form does not have it.
pub(in crate::web::admin) fn setting_label(
    visit: &Visit,
    kind: DefinitionKind,
    key: &str,
) -> Option<String> {
    fields(kind).find(|field| field.key == key)?;
    visit.known_text(&format!("admin-field-{}", text_key(kind, key)))
}
