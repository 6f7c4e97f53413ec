//! Who may name whom: the invariants of ARCHITECTURE.md, each a row of data that is held against the sources.
//!
//! Absent on purpose: how the sources are read (`code`), and what the compiler and clippy already refuse.

mod code;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use code::{Source, code, reach, read, root, sources};

/// One invariant.
struct Rule {
    /// Where it holds: beginnings of paths below `src/`; the empty one is everywhere.
    places: &'static [&'static str],
    /// Where it does not hold, although it would by `places`.
    except: &'static [&'static str],
    /// What the code there must not contain.
    never: &'static str,
    /// A line of code that breaks it; the rule has to catch this one.
    breach: &'static str,
    /// What it protects.
    why: &'static str,
}

const SERVERS: &[&str] = &["sandbox/", "store/", "bin/"];

const RULES: &[Rule] = &[
    Rule {
        places: &["domain/", "engine/"],
        except: &[],
        never: r"\basync\b|\b(tokio|tokio_util|futures_util|ratatui|crossterm|reqwest|nix|aws_\w+)::|\bstd::(fs|net|process|env|thread|io)\b|\bstd::\{[^}]*\b(fs|net|process|env|thread|io)\b|\b(SystemTime|Instant)\b",
        breach: "use std::{collections::BTreeMap, fs};",
        why: "domain and engine are pure: what they do must follow from the events alone",
    },
    Rule {
        places: &["domain/"],
        except: &[],
        never: r"\bcrate::(engine|runtime|adapters|config|cli|exit|headless|tui|sandbox|store)\b",
        breach: "use crate::engine::State;",
        why: "the domain is at the bottom: it names no other layer",
    },
    Rule {
        places: &["engine/"],
        except: &[],
        never: r"\bcrate::(runtime|adapters|config|cli|exit|headless|tui|sandbox|store)\b",
        breach: "use crate::runtime::Clock;",
        why: "the engine names only the domain",
    },
    Rule {
        places: &["runtime/"],
        except: &[],
        never: r"\bcrate::(adapters|config|cli|exit|headless|tui|sandbox|store)\b",
        breach: "use crate::adapters::Adapters;",
        why: "the runtime is handed its performer and its frontend; it knows neither",
    },
    Rule {
        places: &[""],
        except: &["runtime/", "sandbox/", "store/", "bin/"],
        never: r"\btokio::(task::)?spawn|\bspawn_(blocking|local)\b|\bthread::(spawn|scope|Builder)|\bJoinSet\b|\bTaskTracker\b|\buse tokio::task\b",
        breach: "tokio::spawn(async move { look().await });",
        why: "only the runtime spawns tasks: it counts them, and idle means that none runs",
    },
    Rule {
        places: &[""],
        except: &["cli/", "sandbox/", "bin/"],
        never: r"\bruntime::Builder\b|\btokio::main\b",
        breach: "tokio::runtime::Builder::new_current_thread()",
        why: "a program has one asynchronous runtime, built where its arguments are read",
    },
    Rule {
        places: &[""],
        except: &["runtime/", "sandbox/", "store/", "bin/"],
        never: r"\b(SystemTime|Instant|Timestamp|Zoned)::now\b|\btime::interval\b",
        breach: "let begun = Instant::now();",
        why: "only the runtime reads the clock: time arrives stamped on events, so that it can be moved by hand",
    },
    Rule {
        places: &[""],
        except: &["adapters/", "sandbox/", "store/"],
        never: r"\b(aws_\w+|tokio_postgres|tokio_postgres_rustls|reqwest|rustls|zip)::|\bprocess::(Command|Child|Stdio)\b|\bprocess::\{[^}]*\b(Command|Child|Stdio)\b|\bCommand::new\b",
        breach: "use std::process::{Command, ExitCode};",
        why: "only adapters name an SDK, a driver or a child process; domain types come out of them",
    },
    Rule {
        places: &[""],
        except: &["tui/"],
        never: r"\b(ratatui|crossterm)\b",
        breach: "use crossterm::event::EventStream;",
        why: "only the console knows what a terminal is",
    },
    Rule {
        places: &[""],
        except: &["tui/style.rs"],
        never: r"\bColor\b",
        breach: "let danger = Color::Red;",
        why: "colours come from themes, through the style file, or they cannot be exchanged",
    },
    Rule {
        places: &["sandbox/", "store/"],
        except: &[],
        never: r"\bcrate::(domain|engine|runtime|adapters|config|cli|exit|headless|tui)\b|\blockstep::",
        breach: "use crate::domain::names::DemoId;",
        why: "sandbox and store are servers of their own and know nothing above them",
    },
    Rule {
        places: &["sandbox/"],
        except: &[],
        never: r"\bcrate::store\b",
        breach: "crate::store::serve(settings)",
        why: "the sandbox starts the store's program, as a platform starts any image",
    },
    Rule {
        places: &["store/"],
        except: &[],
        never: r"(?i)sandbox",
        breach: "use crate::sandbox::World;",
        why: "the store is the same wherever it runs",
    },
    Rule {
        places: &[""],
        except: &["sandbox/", "cli/", "main.rs", "lib.rs", "config/instance.rs"],
        never: r"(?i)sandbox",
        breach: "if settings.is_sandbox() {",
        why: "for everybody else the sandbox is addresses and credentials in a configuration",
    },
    Rule {
        places: &["config/instance.rs"],
        except: &[],
        never: r"\bsandbox\b|Sandbox",
        breach: "let running = sandbox::list(&root);",
        why: "the configuration finds the files of sandboxes by their folder and asks nothing of them",
    },
    Rule {
        places: &["headless/", "tui/"],
        except: &[],
        never: r"\bcrate::(adapters|cli|sandbox|store)\b",
        breach: "use crate::adapters::Adapters;",
        why: "a frontend reads the state and sends intents; it reaches nothing else",
    },
    Rule {
        places: &["headless/"],
        except: &[],
        never: r"\btui\b",
        breach: "use crate::tui::ui::Ui;",
        why: "neither frontend knows the other",
    },
    Rule {
        places: &["tui/"],
        except: &[],
        never: r"\bheadless\b",
        breach: "use crate::headless::Job;",
        why: "neither frontend knows the other",
    },
    Rule {
        places: &["adapters/", "config/"],
        except: &[],
        never: r"\bcrate::(cli|exit|headless|tui|sandbox|store)\b",
        breach: "use crate::exit::Exit;",
        why: "adapters and configuration serve every frontend alike",
    },
    Rule {
        places: &[""],
        except: &[],
        never: r"#!?\[\s*allow\b",
        breach: "#[allow(dead_code)]",
        why: "an exception to a lint is an `expect` with its reason, which falls when it is no longer needed",
    },
    Rule {
        places: &[""],
        except: &[],
        never: r"\b(todo|unimplemented|dbg)!|\bthread::sleep\b|\.unwrap\(\)|\bprocess::(exit|abort)\b|\bunsafe\b",
        breach: "let port = text.parse().unwrap();",
        why: "nothing is left unfinished, blocks the loop, or ends the program past the terminal's restoration",
    },
    Rule {
        places: &[""],
        except: SERVERS,
        never: r"\bunbounded(_channel)?\b",
        breach: "let (sender, receiver) = mpsc::unbounded_channel();",
        why: "a slow screen slows the reader, never the memory",
    },
];

#[test]
fn every_layer_names_only_what_it_may() {
    let rules: Vec<(&Rule, Regex)> = RULES.iter().map(|rule| (rule, rule.regex())).collect();
    let breaches: Vec<String> = sources("src").iter().flat_map(|source| breaches(source, &rules)).collect();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn every_rule_holds_somewhere_and_catches_its_own_breach() {
    let sources = sources("src");
    for rule in RULES {
        assert!(rule.regex().is_match(&code(rule.breach)), "{} is not caught: {}", rule.breach, rule.why);
        assert!(sources.iter().any(|source| rule.holds_in(&source.path)), "holds nowhere: {}", rule.why);
        for path in rule.places.iter().chain(rule.except).filter(|path| !path.is_empty()) {
            assert!(
                sources.iter().any(|source| source.path.starts_with(path)),
                "{path} is gone: {}",
                rule.why
            );
        }
    }
}

#[test]
fn only_code_is_judged() {
    let text = "//! Instant\nfn f<'a>() { let c = '\"'; g(\"Instant \\\" Instant\", r#\"\"Instant\"\"#); /* Instant */ h('x') }\n\
                #[cfg(test)]\nmod cases {\n    use Instant;\n}\nfn after() {}\n#[cfg(test)]\nmod tests;\nfn last() {}\n";
    let code = code(text);
    assert!(!code.contains("Instant"), "{code}");
    for kept in ["fn f<'a>()", "h(", "fn after()", "fn last()"] {
        assert!(code.contains(kept), "{kept}: {code}");
    }
}

/// Where it may be known that a service runs on App Runner: its own folder, the clients, the shape of all targets, what `terraform/`
/// makes, and the stand-in.
const KNOWS_THE_KIND: [&str; 4] = ["adapters/aws/", "adapters/target.rs", "config/terraform/", "sandbox/"];

#[test]
fn nothing_above_the_deploy_targets_knows_which_kind_there_is() {
    // Texts and comments, too: the words for people are the target's own.
    let kind = Regex::new(r"(?i)app[ _-]?runner").unwrap();
    for word in ["App Runner", "awsapprunner.com", "is_app_runner"] {
        assert!(kind.is_match(word), "{word}");
    }
    let knowing: Vec<String> = sources("src")
        .into_iter()
        .filter(|source| !KNOWS_THE_KIND.iter().any(|place| source.path.starts_with(place)))
        .flat_map(|source| {
            let lines = source.text.lines().enumerate().filter(|(_, line)| kind.is_match(line));
            lines.map(|(at, line)| format!("{}:{}: {line}", source.path, at + 1)).collect::<Vec<_>>()
        })
        .collect();
    assert!(
        knowing.is_empty(),
        "they go by what a target can do (domain::platform):\n{}",
        knowing.join("\n")
    );
}

#[test]
fn every_source_file_begins_with_what_it_owns() {
    let bare: Vec<String> = ["src", "tests"]
        .into_iter()
        .flat_map(sources)
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(bare.is_empty(), "these files do not begin with `//! `: {bare:?}");
}

#[test]
fn every_test_file_is_compiled() {
    let mut reached = BTreeSet::new();
    reach(Path::new("main.rs"), &mut reached);
    let all: BTreeSet<PathBuf> = sources("tests").into_iter().map(|source| source.path.into()).collect();
    let lost: Vec<_> = all.difference(&reached).collect();
    assert!(
        lost.is_empty(),
        "tests/main.rs reaches no `mod` for {lost:?}: they are never compiled, never run"
    );
}

#[test]
fn one_tls_stack_and_one_http_stack_are_built_in() {
    let lock: toml::Table = read(&root().join("Cargo.lock")).parse().unwrap();
    let packages: Vec<(&str, &str)> = lock["package"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["name"].as_str().unwrap(), package["version"].as_str().unwrap()))
        .collect();
    for never in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(packages.iter().all(|(name, _)| *name != never), "{never} came in: it needs a C compiler");
    }
    for once in ["hyper", "http", "rustls", "ring", "tokio-rustls"] {
        let versions: Vec<&str> =
            packages.iter().filter(|package| package.0 == once).map(|package| package.1).collect();
        assert_eq!(versions.len(), 1, "{once} is built in as {versions:?}: one stack is enough");
        let old = [("hyper", "0."), ("rustls", "0.21."), ("http", "0.")].contains(&(once, &versions[0][..2]));
        assert!(!old && !versions[0].starts_with("0.21."), "{once} {} is the old stack", versions[0]);
    }
}

impl Rule {
    fn regex(&self) -> Regex {
        Regex::new(self.never).unwrap()
    }

    fn holds_in(&self, path: &str) -> bool {
        let is_in = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
        is_in(self.places) && !is_in(self.except)
    }
}

fn breaches(source: &Source, rules: &[(&Rule, Regex)]) -> Vec<String> {
    let is_test = source.path.ends_with("/tests.rs");
    let code = if is_test { String::new() } else { code(&source.text) };
    let mut found = Vec::new();
    for (rule, regex) in rules.iter().filter(|(rule, _)| rule.holds_in(&source.path)) {
        for hit in regex.find_iter(&code) {
            let line = code[..hit.start()].matches('\n').count() + 1;
            found.push(format!("src/{}:{line}: `{}`: {}", source.path, hit.as_str(), rule.why));
        }
    }
    found
}
