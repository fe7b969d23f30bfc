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

    /// Whether a variable is there and empty.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.trim().is_empty())
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
    let file = Path::new(".env");
    refuse_substitution(&std::fs::read_to_string(file).unwrap_or_default())?;
    match dotenvy::from_path_iter(file) {
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

/// Outside single quotes a `$` would be replaced by the value of another variable, or by nothing: a token with one in
/// it would silently become another.
fn refuse_substitution(text: &str) -> Result<(), ConfigProblems> {
    let assignments = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let replaced = assignments.filter_map(|line| line.split_once('=')).filter(|(_, value)| {
        let value = value.split(" #").next().unwrap_or_default().trim().replace("\\$", "");
        let quoted = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        value.contains('$') && quoted.is_none_or(|inside| inside.contains('\''))
    });
    let problems: Vec<_> = replaced
        .map(|(name, _)| ConfigProblem {
            name: name.trim().trim_start_matches("export ").to_owned(),
            advice: "a value with `$` must stand in single quotes in .env, or it is replaced".to_owned(),
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(ConfigProblems(problems)) }
}

fn unreadable(what: &str) -> ConfigProblems {
    let advice = format!("{what}; each line is NAME=value, with quotes around values that have spaces");
    ConfigProblems(vec![ConfigProblem { name: ".env".to_owned(), advice }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_would_be_replaced_are_named() {
        assert_eq!(refuse_substitution("A=1\n# B=$C\nD='ab$cd#ef'\nE=x # $5\nF=\"a\\$b\"\n"), Ok(()));
        let problems = refuse_substitution("export A=ab$cd#ef\nB=\"${FOO}\"\nC='a'$HOME\n").unwrap_err();
        let names: Vec<_> = problems.0.iter().map(|problem| problem.name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C"]);
        assert!(!problems.to_string().contains("cd#ef"));
    }
}
