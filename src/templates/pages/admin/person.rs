//! Contexts of the page of one person and of the form for a new one.

use serde::Serialize;

use super::audit::Details;
use super::frame::{AdminFrame, TimeText, framed};
use super::people::StateText;
use super::select::SelectOption;
use crate::templates::pages::View;

/// Text field of a form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TextField {
    /// Entered or stored value.
    pub value: String,
    /// Sentence about the error, if there is one.
    pub error: Option<String>,
    /// Value that somebody stored after the form was loaded, if it differs.
    pub stored: Option<String>,
}

/// Form with the details of a person.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DetailsForm {
    /// Version of the details that the form shows.
    pub version: String,
    /// Name of the person.
    pub name: TextField,
    /// Language tag (RFC 5646).
    pub language: TextField,
    /// Languages that can be chosen; the first one has no value.
    pub languages: Vec<SelectOption>,
    /// IANA name of the time zone.
    pub timezone: TextField,
    /// Names of time zones that are suggested.
    pub zones: &'static [String],
    /// Tags, separated by commas.
    pub tags: TextField,
    /// Attributes with their values.
    pub attributes: Vec<AttributeField>,
    /// `true` if somebody changed the details after the form was loaded.
    pub is_outdated: bool,
}

/// Attribute in the form.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AttributeField {
    /// Name of the form field.
    pub name: String,
    /// Name of the attribute.
    pub label: String,
    /// Kind of the input: `text`, `date` or `boolean`.
    pub input: String,
    /// Value with its error.
    pub field: TextField,
}

/// Fields `digest`, `status`, `consent` and `section` of a form that begins subscriptions.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RequestFields {
    /// Digests that can be chosen.
    pub digests: Vec<DigestChoice>,
    /// `true` if the person has consented already.
    pub is_confirmed: bool,
    /// Sentence about the choice of digests.
    pub digest_error: Option<String>,
    /// Record of the consent.
    pub consent: TextField,
    /// Sections that can be chosen; none chosen means all.
    pub sections: Vec<SelectOption>,
    /// Sentence about the choice of sections.
    pub sections_error: Option<String>,
    /// Sentence about an address that cannot be subscribed.
    pub error: Option<String>,
}

/// Digest that can be chosen.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DigestChoice {
    /// Name of the digest.
    pub name: String,
    /// Title of the digest.
    pub title: String,
    /// `true` if it is chosen.
    pub is_chosen: bool,
}

/// Context of `/admin/subscribers/ID`. Its forms post to `details`, `address`, `subscribe`, `suppression`,
/// `erase` and `subscriptions/DIGEST/COMMAND` below it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// Id of the person.
    pub id: i64,
    /// E-mail address of the person.
    pub email: String,
    /// Name of the person; may be empty.
    pub name: String,
    /// State of the person, if there is a subscription or a suppression.
    pub state: Option<StateText>,
    /// Time of the creation.
    pub created: TimeText,
    /// Sentence about the suppression of the address.
    pub suppression: Option<String>,
    /// The domain as `@example.com`, if all of its addresses are suppressed.
    pub suppressed_domain: Option<String>,
    /// Reply for which the address is suppressed.
    pub suppression_reply: Option<String>,
    /// `true` if the user may change subscriptions.
    pub may_change: bool,
    /// `true` if the user may change the details and erase the person.
    pub may_edit: bool,
    /// `true` if the user may suppress the address.
    pub may_suppress: bool,
    /// `true` if the user sees all of the person.
    pub is_whole: bool,
    /// Form with the details.
    pub details: DetailsForm,
    /// Field for another address.
    pub address: TextField,
    /// Subscriptions of every status.
    pub subscriptions: Vec<PersonSubscription>,
    /// Fields for another subscription.
    pub request: RequestFields,
    /// Last deliveries, newest first.
    pub deliveries: Vec<PersonDelivery>,
    /// Last changes, newest first.
    pub changes: Vec<PersonChange>,
}

/// Subscription with its earlier states.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonSubscription {
    /// Name of the digest.
    pub digest: String,
    /// Title of the digest.
    pub title: String,
    /// Status of the subscription.
    pub state: StateText,
    /// Time of the last change of the status.
    pub since: TimeText,
    /// Titles of the chosen sections, joined in words; empty for all.
    pub sections: String,
    /// Sections that can be chosen; none chosen means all.
    pub section_choices: Vec<SelectOption>,
    /// Error of sections that were entered.
    pub sections_error: Option<String>,
    /// Record of the consent.
    pub evidence: String,
    /// Reason of the admin who ended the subscription.
    pub reason: Option<String>,
    /// `true` if the owner can be asked again.
    pub is_pending: bool,
    /// `true` if the sections can be changed.
    pub is_confirmed: bool,
    /// `true` if the subscription can be ended.
    pub is_active: bool,
    /// Earlier states, newest first.
    pub earlier: Vec<StateRow>,
    /// Last edition of the digest, if there is one.
    pub last_edition: Option<LastEdition>,
}

/// Last edition of a digest, and why a person got it or did not.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LastEdition {
    /// Id of the edition.
    pub id: i64,
    /// Answer as a sentence.
    pub answer: String,
}

/// Earlier state of a subscription.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StateRow {
    /// Status of the subscription.
    pub state: StateText,
    /// Time of the begin.
    pub since: TimeText,
    /// Time of the end.
    pub until: TimeText,
    /// Record of the consent at that time.
    pub evidence: String,
    /// Reason of the admin who ended the subscription.
    pub reason: Option<String>,
}

/// Delivery to the person.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonDelivery {
    /// Id of the edition, if it is one.
    pub edition: Option<i64>,
    /// Id of the mail of the edition, if it is one.
    pub mail: Option<i64>,
    /// Subject of the mail, or the kind of the message.
    pub subject: String,
    /// Title of the edition; may be empty.
    pub title: String,
    /// Word for the state, the end of a catalog key.
    pub state: String,
    /// Number of completed attempts.
    pub attempts: i64,
    /// Reply of the relay; may be empty.
    pub answer: String,
    /// Time of the end, or at which it was queued.
    pub time: TimeText,
}

/// Change of the person in the audit log.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PersonChange {
    /// Time of the change.
    pub time: TimeText,
    /// Name or kind of the actor.
    pub actor: String,
    /// Sentence about the change.
    pub text: String,
    /// Fields of the change with their values.
    pub details: Option<Details>,
}

/// Context of `/admin/subscribers/new`, whose form posts to the page itself.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NewPersonPage {
    /// Context common to all pages of the admin area.
    #[serde(flatten)]
    pub frame: AdminFrame,
    /// E-mail address of the person.
    pub email: TextField,
    /// Details of the person, without attributes.
    pub details: DetailsForm,
    /// Fields of the subscriptions.
    pub request: RequestFields,
}

impl TextField {
    /// Returns a sample with an error and a newer value.
    pub(super) fn sample() -> Self {
        Self {
            value: "x".into(),
            error: Some("This is not valid.".into()),
            stored: Some("y".into()),
        }
    }
}

impl RequestFields {
    fn samples() -> [Self; 2] {
        let digest =
            DigestChoice { name: "weekly".into(), title: "The week".into(), is_chosen: true };
        let plain = Self { digests: vec![digest], ..Self::default() };
        let rejected = Self {
            is_confirmed: true,
            digest_error: Some("Choose a digest.".into()),
            consent: TextField::sample(),
            sections: sections(),
            sections_error: Some("There is no such section.".into()),
            error: Some("The address is suppressed.".into()),
            ..plain.clone()
        };
        [plain, rejected]
    }
}

impl PersonChange {
    fn sample() -> Self {
        Self {
            time: TimeText::sample(),
            actor: "lin".into(),
            text: "Changed the details".into(),
            details: Some(Details::sample()),
        }
    }
}

fn sections() -> Vec<SelectOption> {
    let option = |is_chosen: bool| SelectOption {
        value: "Campus".into(),
        text: "Campus life".into(),
        is_chosen,
    };
    vec![option(true), option(false)]
}

fn subscription() -> PersonSubscription {
    let state = StateRow {
        state: StateText::sample(),
        since: TimeText::sample(),
        until: TimeText::sample(),
        evidence: "requested on the page".into(),
        reason: Some("left the college".into()),
    };
    PersonSubscription {
        digest: "weekly".into(),
        title: "The week".into(),
        state: StateText::sample(),
        since: TimeText::sample(),
        sections: "Campus".into(),
        section_choices: sections(),
        sections_error: Some("There is no such section.".into()),
        evidence: "confirmed by the owner".into(),
        reason: Some("left the college".into()),
        is_pending: true,
        is_confirmed: true,
        is_active: true,
        earlier: vec![state],
        last_edition: Some(LastEdition { id: 41, answer: "The person had paused.".into() }),
    }
}

impl View for PersonPage {
    const TEMPLATE: &'static str = "web/admin/subscriber";

    fn samples() -> Vec<Self> {
        let [plain, rejected] = RequestFields::samples();
        let attribute = |input: &str| AttributeField {
            name: format!("attribute-{input}"),
            label: input.into(),
            input: input.into(),
            field: TextField::sample(),
        };
        let details = DetailsForm {
            version: "1f".into(),
            name: TextField::sample(),
            language: TextField::sample(),
            languages: sections(),
            zones: &[],
            timezone: TextField::sample(),
            tags: TextField::sample(),
            attributes: ["text", "date", "boolean"].map(attribute).into(),
            is_outdated: true,
        };
        let person = |frame| Self {
            frame,
            id: 7,
            email: "m.muster@example.edu".into(),
            created: TimeText::sample(),
            request: plain.clone(),
            ..Self::default()
        };
        let delivery = |edition| PersonDelivery {
            edition,
            mail: edition,
            subject: "The week: Open day".into(),
            title: edition.map(|_| "The week".to_owned()).unwrap_or_default(),
            state: "failed".into(),
            attempts: 2,
            answer: "550 5.1.1 unknown user".into(),
            time: TimeText::sample(),
        };
        let mut samples = framed(person);
        samples.extend(framed(|frame| Self {
            name: "M. Muster".into(),
            state: Some(StateText::sample()),
            suppression: Some("The address is suppressed.".into()),
            suppression_reply: Some("550 5.1.1 unknown user".into()),
            may_change: true,
            may_edit: true,
            may_suppress: true,
            is_whole: true,
            details: details.clone(),
            address: TextField::sample(),
            subscriptions: vec![subscription()],
            request: rejected.clone(),
            deliveries: vec![delivery(Some(3)), delivery(None)],
            changes: vec![PersonChange::sample()],
            ..person(frame)
        }));
        samples
    }
}

impl View for NewPersonPage {
    const TEMPLATE: &'static str = "web/admin/subscriber_new";

    fn samples() -> Vec<Self> {
        let [plain, rejected] = RequestFields::samples();
        let mut samples = framed(|frame| Self { frame, request: plain.clone(), ..Self::default() });
        samples.extend(framed(|frame| Self {
            frame,
            email: TextField::sample(),
            details: DetailsForm {
                name: TextField::sample(),
                language: TextField::sample(),
                timezone: TextField::sample(),
                tags: TextField::sample(),
                ..DetailsForm::default()
            },
            request: rejected.clone(),
        }));
        samples
    }
}
