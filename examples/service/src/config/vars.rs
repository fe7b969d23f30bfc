//! Where variables come from: a `.env` file, overruled by the process environment.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use super::{ConfigProblem, ConfigProblems};

/// Variables by name. `Debug` is left out: values may be secrets.
#[derive(Clone, Default)]
pub(crate) struct Vars(BTreeMap<String, String>);

impl Vars {
    /// The value of a variable; one that is empty counts as missing.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The names of all variables.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Vars {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Reads `.env` in the present folder, if there is one, and the process environment over it.
///
/// # Errors
/// A `.env` that cannot be read or is not one; its content is never shown.
pub(crate) fn read_environment() -> Result<Vars, ConfigProblems> {
    let mut vars = BTreeMap::new();
    match dotenvy::from_path_iter(Path::new(".env")) {
        Ok(pairs) => {
            for (line, pair) in pairs.enumerate() {
                let (name, value) =
                    pair.map_err(|_| unreadable(&format!("entry {} cannot be read", line + 1)))?;
                vars.insert(name, value);
            }
        }
        Err(dotenvy::Error::Io(error)) if error.kind() == ErrorKind::NotFound => {}
        Err(_) => return Err(unreadable("the file cannot be read")),
    }
    // Names or values that are not Unicode are none of ours.
    vars.extend(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    Ok(Vars(vars))
}

fn unreadable(what: &str) -> ConfigProblems {
    let advice = format!("{what}; each line is NAME=value, with quotes around values that have spaces");
    ConfigProblems(vec![ConfigProblem { name: ".env".to_owned(), advice }])
}
