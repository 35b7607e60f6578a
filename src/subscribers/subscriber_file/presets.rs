//! Column layouts of the files that other mail services export. Each is recognized by its header.

use super::super::column_names::normalize;

/// Service whose export has a known layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The file that `courant subscribers export` writes.
    Courant,
    /// The export of all subscribers of listmonk.
    Listmonk,
    /// One of the files of an audience exported from Mailchimp.
    Mailchimp,
    /// A CSV export of MailPoet, one line per subscriber and list.
    Mailpoet,
    /// The export of the members of a Ghost site.
    Ghost,
    /// The e-mail list of a Substack publication.
    Substack,
}

/// Layout of the columns of one service. Headings are written as [`normalize`] returns them.
struct PresetLayout {
    preset: Preset,
    /// Columns that every file of the service has.
    required: &'static [&'static str],
    /// Columns of which a file has at least two, or all if there are fewer.
    usual: &'static [&'static str],
    /// Columns whose values become tags.
    tags: &'static [&'static str],
    /// Columns that are evidence of the consent, each with its introduction.
    evidence: &'static [(&'static str, &'static str)],
    /// Columns that describe nothing that Courant keeps.
    ignored: &'static [&'static str],
}

const LAYOUTS: [PresetLayout; 5] = [
    PresetLayout {
        preset: Preset::Listmonk,
        required: &["uuid", "email", "attributes", "status"],
        usual: &["createdat", "updatedat"],
        tags: &["lists"],
        evidence: &[("createdat", "added")],
        ignored: &["uuid", "updatedat"],
    },
    PresetLayout {
        preset: Preset::Mailchimp,
        required: &[],
        usual: &[
            "memberrating",
            "optintime",
            "confirmtime",
            "leid",
            "euid",
            "lastchanged",
            "cleantime",
            "unsubtime",
        ],
        tags: &["tags"],
        evidence: &[
            ("optintime", "opt-in"),
            ("optinip", "opt-in from"),
            ("confirmtime", "confirmed"),
            ("confirmip", "confirmed from"),
            ("unsubtime", "unsubscribed"),
            ("unsubreason", "reason"),
            ("unsubreasonother", "reason"),
            ("cleantime", "cleaned"),
        ],
        ignored: &[
            "memberrating",
            "lastchanged",
            "leid",
            "euid",
            "latitude",
            "longitude",
            "gmtoff",
            "dstoff",
            "cc",
            "region",
            "unsubcampaigntitle",
            "unsubcampaignid",
            "cleancampaigntitle",
            "cleancampaignid",
        ],
    },
    PresetLayout {
        preset: Preset::Mailpoet,
        required: &["email", "list"],
        usual: &[
            "liststatus",
            "globalstatus",
            "subscriptiontime",
            "subscriptionip",
            "confirmationtime",
            "confirmationip",
        ],
        tags: &["list"],
        evidence: &[
            ("subscriptiontime", "subscribed"),
            ("subscriptionip", "subscribed from"),
            ("confirmationtime", "confirmed"),
            ("confirmationip", "confirmed from"),
        ],
        ignored: &[],
    },
    PresetLayout {
        preset: Preset::Ghost,
        required: &["email", "subscribedtoemails"],
        usual: &["complimentaryplan", "stripecustomerid", "createdat", "labels"],
        tags: &["labels", "tiers", "products"],
        evidence: &[("createdat", "member since")],
        ignored: &["id", "giftid"],
    },
    PresetLayout {
        preset: Preset::Substack,
        required: &["email", "activesubscription"],
        usual: &["expiry", "plan", "emaildisabled", "createdat", "firstpaymentat"],
        tags: &[],
        evidence: &[("createdat", "subscribed"), ("firstpaymentat", "first payment")],
        ignored: &["digestenabled", "preferdigests"],
    },
];

/// Use of a column of an export that is not one of a person's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PresetColumn {
    /// Its values become tags.
    Tags,
    /// Its value is evidence of the consent, after this introduction.
    Evidence(&'static str),
    /// Its value is not imported.
    Ignored,
}

impl Preset {
    /// All services whose layout is known.
    pub const ALL: [Self; 6] = [
        Self::Courant,
        Self::Listmonk,
        Self::Mailchimp,
        Self::Mailpoet,
        Self::Ghost,
        Self::Substack,
    ];

    /// Returns the word for commands, the API and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Courant => "courant",
            Self::Listmonk => "listmonk",
            Self::Mailchimp => "mailchimp",
            Self::Mailpoet => "mailpoet",
            Self::Ghost => "ghost",
            Self::Substack => "substack",
        }
    }

    /// Parses the word that [`as_str`](Self::as_str) returns.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == word)
    }

    /// Returns the name of the service for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Courant => "Courant",
            Self::Listmonk => "listmonk",
            Self::Mailchimp => "Mailchimp",
            Self::Mailpoet => "MailPoet",
            Self::Ghost => "Ghost",
            Self::Substack => "Substack",
        }
    }

    /// Returns `true` if a person may have several lines, one for each list.
    pub(in crate::subscribers) fn has_line_per_list(self) -> bool {
        self == Self::Mailpoet
    }

    fn layout(self) -> Option<&'static PresetLayout> {
        LAYOUTS.iter().find(|layout| layout.preset == self)
    }

    /// Returns the use of a column that is not one of a person's details; `heading` is normalized.
    pub(super) fn column(self, heading: &str) -> Option<PresetColumn> {
        let layout = self.layout()?;
        let introduction = layout.evidence.iter().find(|(name, _)| *name == heading);
        if layout.tags.contains(&heading) {
            Some(PresetColumn::Tags)
        } else if let Some((_, introduction)) = introduction {
            Some(PresetColumn::Evidence(introduction))
        } else {
            layout.ignored.contains(&heading).then_some(PresetColumn::Ignored)
        }
    }
}

/// Returns the service whose export has this header.
pub(super) fn recognize(headers: &[&str]) -> Option<Preset> {
    let own = ["digest", "status", "consent"];
    if own.iter().all(|column| headers.contains(column)) {
        return Some(Preset::Courant);
    }
    let headings: Vec<String> = headers.iter().map(|header| normalize(header)).collect();
    let has = |name: &str| headings.iter().any(|heading| heading == name);
    let fits = |layout: &&PresetLayout| {
        layout.required.iter().all(|name| has(name))
            && layout.usual.iter().filter(|name| has(name)).count() >= 2
    };
    LAYOUTS.iter().find(fits).map(|layout| layout.preset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_of_each_service_is_recognized_by_its_header() {
        for (header, preset) in [
            ("uuid,email,name,attributes,status,created_at,updated_at", Some(Preset::Listmonk)),
            (
                "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LEID,EUID,NOTES,TAGS",
                Some(Preset::Mailchimp),
            ),
            ("Email,First name,Last name,List status,Global status,List", Some(Preset::Mailpoet)),
            (
                "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers",
                Some(Preset::Ghost),
            ),
            (
                "email,active_subscription,expiry,plan,email_disabled,created_at",
                Some(Preset::Substack),
            ),
            ("email,name,digest,status,since,consent,suppressed", Some(Preset::Courant)),
            ("email,name,status,tags", None),
            ("email,list", None),
            ("", None),
        ] {
            let headers: Vec<&str> = header.split(',').collect();
            assert_eq!(recognize(&headers), preset, "{header}");
        }
    }

    #[test]
    fn words_of_presets_are_parsed_back() {
        for preset in Preset::ALL {
            assert_eq!(Preset::parse(preset.as_str()), Some(preset));
        }
    }
}
