use protocol::changes::Action;
use store::Digest;

/// What a digest says, before it is put into words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The recipient's address.
    pub to: String,
    pub space_name: String,
    /// In the order of their first change.
    pub people: Vec<Person>,
    /// Ends this mail without logging in.
    pub unsubscribe_url: String,
}

/// What one person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The login name; `None` where it is no longer known.
    pub who: Option<String>,
    pub lines: Vec<Line>,
    /// Changes that are only counted.
    pub more: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub action: Action,
    pub path: String,
}

impl Letter {
    /// `public_url` starts the link and has no trailing slash.
    pub fn of(digest: &Digest, public_url: &str) -> Self {
        let secret = digest.unsubscribe.reveal();
        let (space, user) = (&digest.space, &digest.to.id);
        let people = digest.people.iter().map(|person| Person {
            who: person.login.clone(),
            lines: person.changes.iter().map(Line::of).collect(),
            more: person.more,
        });
        Self {
            to: digest.to.login.clone(),
            space_name: digest.space_name.clone(),
            people: people.collect(),
            unsubscribe_url: format!("{public_url}/v1/unsubscribe/{space}/{user}/{secret}"),
        }
    }

    /// Changes in all.
    pub fn count(&self) -> usize {
        let people = self.people.iter();
        people.map(|person| person.lines.len() + person.more).sum()
    }
}

impl Line {
    fn of(change: &store::outbox::ChangeLine) -> Self {
        Self { action: change.action, path: change.path.to_string() }
    }
}

/// The word for what happened.
pub(super) const fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "added",
        Action::Edit => "changed",
        Action::Move => "moved",
        Action::Meta => "touched",
        Action::Delete => "removed",
    }
}
