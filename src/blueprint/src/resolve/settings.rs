//! All values by path, merged, with the defaults filled in.

use crate::diagnostic::Place;
use crate::keys::{Default, KEYS, Key, Kind, Typed};
use crate::layer::{Given, Layer, Origin};
use crate::value::{FromValue, Value};
use crate::values::{Duration, EmailAddress, MailIdentity, Region, StackName};
use std::collections::BTreeMap;

/// The merged values. A path is missing when it is required and nobody gave it, or was given wrongly.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    values: BTreeMap<String, Setting>,
    /// Paths whose strongest source gives something that is no value.
    broken: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    pub(crate) place: Place,
}

/// Both forms of `identity.accounts`: a word, or keys below it. The stronger source chooses the form.
const ACCOUNTS: &str = "identity.accounts";

impl Settings {
    /// Takes each path from the first layer that has it.
    pub(crate) fn merge(layers: &[Layer]) -> Self {
        let mut settings = Self { values: BTreeMap::new(), broken: Vec::new() };
        let mut word = false;
        let mut below = false;
        for layer in layers {
            for (path, given) in layer {
                let is_below =
                    path.strip_prefix(ACCOUNTS).is_some_and(|rest| rest.starts_with('.'));
                if (path == ACCOUNTS && below) || (is_below && word) {
                    continue;
                }
                settings.insert(path, given);
            }
            word |= layer.contains_key(ACCOUNTS) && !below;
            below |= !word && layer.keys().any(|path| path.starts_with("identity.accounts."));
        }
        settings.fill();
        settings
    }

    fn insert(&mut self, path: &str, given: &Given) {
        if self.values.contains_key(path) || self.broken.iter().any(|broken| broken == path) {
            return;
        }
        match &given.value {
            Some(value) => {
                let setting = Setting {
                    value: value.clone(),
                    origin: given.origin.clone(),
                    place: given.place.clone(),
                };
                self.values.insert(path.to_owned(), setting);
            }
            None => self.broken.push(path.to_owned()),
        }
    }

    fn fill(&mut self) {
        for key in &KEYS {
            if self.values.contains_key(key.path) || self.is_broken(key.path) {
                continue;
            }
            let value = match key.default {
                Default::Required => None,
                Default::Absent => Some(Value::None),
                Default::Is(text) => default_value(key, text),
                Default::Follows(_) => self.follow(key.path),
            };
            if let Some(value) = value {
                let setting = Setting { value, origin: Origin::Default, place: Place::Nowhere };
                self.values.insert(key.path.to_owned(), setting);
            }
        }
    }

    /// Defaults that hang on other values, which stand before them in the table.
    fn follow(&self, path: &str) -> Option<Value> {
        let local = self.is_local()?;
        match path {
            "region" if local => Region::new("eu-west-1").ok().map(Value::from),
            "servers.max" if local => {
                // `desired` stands below in the table; its own default is the minimum.
                let min = self.get::<u32>("servers.min")?;
                let desired = self.get::<u32>("servers.desired").unwrap_or(min);
                Some(Value::from(desired.max(min)))
            }
            "servers.max" => Some(Value::from(9_u32)),
            "rollout.bake" => {
                let seconds = if local { 10 } else { 120 };
                Some(Value::from(Duration::from_seconds(seconds)))
            }
            "servers.desired" => self.get::<u32>("servers.min").map(Value::from),
            "identity.accounts.oidc.audience" => {
                let name = self.get::<StackName>("name")?;
                Some(Value::Text(name.as_str().to_owned()))
            }
            "email.from" if local => {
                EmailAddress::new("sync@localhost.localdomain").ok().map(Value::from)
            }
            "email.from" => match self.get::<Option<MailIdentity>>("email.identity")? {
                None => Some(Value::None),
                Some(MailIdentity::Address(address)) => Some(address.into()),
                Some(MailIdentity::Domain(domain)) => {
                    EmailAddress::new(&format!("sync@{domain}")).ok().map(Value::from)
                }
            },
            _ => None,
        }
    }

    pub(crate) fn is_local(&self) -> Option<bool> {
        self.get::<String>("target").map(|target| target == "local")
    }

    pub(crate) fn is_broken(&self, path: &str) -> bool {
        self.broken.iter().any(|broken| broken == path)
    }

    pub(crate) fn get<T: FromValue>(&self, path: &str) -> Option<T> {
        self.values.get(path).and_then(|setting| T::from_value(&setting.value))
    }

    pub(crate) fn setting(&self, path: &str) -> Option<&Setting> {
        self.values.get(path)
    }

    /// Where a value was given; nowhere for defaults.
    pub(crate) fn place(&self, path: &str) -> Place {
        self.values.get(path).map_or(Place::Nowhere, |setting| setting.place.clone())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values.iter().map(|(path, setting)| (path.as_str(), setting))
    }
}

/// A default of the table as a value. That each one has the right type is tested.
pub(crate) fn default_value(key: &Key, text: &str) -> Option<Value> {
    match key.kind {
        Kind::Choices(_) | Kind::Networks => key.read_joined(text).ok(),
        _ => key.read(Typed::Free(text)).ok(),
    }
}
