//! Subscriptions: a person's link to a digest, and who may change it to what (promise 7).

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Asked for, not confirmed by its owner.
    Pending,
    /// Confirmed: the digest is sent.
    Confirmed,
    /// The owner wants none for a while.
    Paused,
    /// The owner left; only their own double opt-in brings it back.
    Left,
}

impl Status {
    /// The word that is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Paused => "paused",
            Self::Left => "left",
        }
    }

    /// The status that a stored word means.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Pending, Self::Confirmed, Self::Paused, Self::Left]
            .into_iter()
            .find(|s| s.word() == word)
    }
}

/// Who asks for a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// The public page: anybody who knows the address.
    Page,
    /// An admin who holds the owner's consent.
    AdminWithConsent,
    /// An admin who wants the owner to be asked.
    Admin,
}

/// What a request does to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Its owner is asked by mail: it is pending, or stays left, until they confirm.
    Ask,
    /// It becomes confirmed.
    Confirm,
    /// It stays as it is.
    Keep,
    /// It stays left: its owner alone can come back, through the page.
    StaysLeft,
}

/// What a request does to a subscription that stands at `now`, if there is one.
pub fn requested(now: Option<Status>, asker: Asker) -> Change {
    match (now, asker) {
        (Some(Status::Confirmed | Status::Paused), _) => Change::Keep,
        (Some(Status::Left), Asker::Page) | (None | Some(Status::Pending), Asker::Page) => {
            Change::Ask
        }
        (Some(Status::Left), Asker::Admin | Asker::AdminWithConsent) => Change::StaysLeft,
        (None | Some(Status::Pending), Asker::AdminWithConsent) => Change::Confirm,
        (None, Asker::Admin) => Change::Ask,
        (Some(Status::Pending), Asker::Admin) => Change::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_is_brought_back_by_nobody_but_the_page() {
        assert_eq!(requested(Some(Status::Left), Asker::AdminWithConsent), Change::StaysLeft);
        assert_eq!(requested(Some(Status::Left), Asker::Admin), Change::StaysLeft);
        assert_eq!(requested(Some(Status::Left), Asker::Page), Change::Ask);
    }

    #[test]
    fn a_stranger_can_only_have_the_owner_asked() {
        assert_eq!(requested(None, Asker::Page), Change::Ask);
        assert_eq!(requested(Some(Status::Confirmed), Asker::Page), Change::Keep);
    }
}
