//! How far a run came with the service: its operation, and the image that runs.
//!
//! The platform's own record of the operation decides; an image alone proves nothing, because the platform shows the
//! new one while it deploys and the old one again after it took a failed deployment back.

use jiff::SignedDuration;

use super::{Looks, Seen, intent};
use crate::domain::failure::FailureKind;
use crate::domain::journal::{PastIntent, PastRun};
use crate::domain::observation::{Operation, OperationStatus, ServiceStatus, ServiceView};
use crate::domain::release::ImageRef;
use crate::domain::step::StepKind;

/// By so much the platform's clock and the journal's may differ.
const CLOCKS: SignedDuration = SignedDuration::from_mins(2);

/// So long after it was sent a request may still be on its way, although whoever sent it is gone.
const IN_FLIGHT: SignedDuration = SignedDuration::from_secs(10);

/// How far a run came with the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Application {
    /// It had nothing to do there.
    Spared,
    /// It changed nothing.
    Untouched,
    /// Its operation is under way, or its request may be.
    Moving(String),
    /// The platform took it back; what ran before runs.
    RolledBack(Operation),
    /// The service runs what it should, by this operation; `None` when none was needed.
    Deployed(Option<Operation>),
    /// Another image runs, or the right one that somebody else deployed.
    Elsewhere(ImageRef),
    /// It cannot be told, and why.
    Unclear(String),
}

/// What the platform knows of the run's operation.
enum Trace<'a> {
    Found(&'a Operation),
    /// There is none since the run asked for it.
    None,
    /// There may be one, and why that cannot be told.
    Lost(String),
}

impl Application {
    /// Why a person has to look.
    pub(super) fn doubt(&self) -> Option<String> {
        match self {
            Self::Unclear(why) | Self::Moving(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// A short sentence for people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Spared => "the service was not to be changed".to_owned(),
            Self::Untouched => "the service is as it was before".to_owned(),
            Self::RolledBack(operation) => {
                format!(
                    "the platform took the deployment back: operation {} {}",
                    operation.id,
                    operation.status.word()
                )
            }
            Self::Deployed(_) => "the service was deployed".to_owned(),
            Self::Elsewhere(image) => format!("somebody else deployed {} since", image.short()),
            Self::Unclear(why) | Self::Moving(why) => why.clone(),
        }
    }
}

/// Finds out how far `run` came, and adds what shows it to `evidence`.
pub(super) fn judge(run: &PastRun, looks: &Looks<'_>, evidence: &mut Vec<Seen>) -> Application {
    let asked = intent(run, |step| step == StepKind::Service);
    let from = run.aim.as_ref().and_then(|aim| aim.image_from.as_ref());
    let to =
        run.aim.as_ref().map(|aim| &aim.image_to).or_else(|| looks.release.map(|release| &release.image));
    if asked.is_none() && from.is_some() && from == to {
        evidence.push(Seen::new("service", "the run was not to change it"));
        return Application::Spared;
    }
    let service = match &looks.service {
        Ok(service) => *service,
        Err(why) => {
            evidence.push(Seen::new("service", format!("not seen: {why}")));
            return match (asked, &run.aim) {
                (None, None) => Application::Untouched,
                _ => Application::Unclear(format!("the service was not seen: {why}")),
            };
        }
    };
    evidence.push(Seen::new("service", format!("{}, {}", service.image, service.status.word())));
    let images = Images { from, to, now: &service.image };
    match asked {
        None => unasked(run, &images, service),
        Some(asked) => {
            let trace = trace(run, looks, asked);
            evidence.push(Seen::new("operation", trace.words()));
            judge_asked((run, looks), asked, &images, service, trace)
        }
    }
}

/// The images that matter.
struct Images<'a> {
    from: Option<&'a ImageRef>,
    to: Option<&'a ImageRef>,
    now: &'a ImageRef,
}

impl Images<'_> {
    fn is_new(&self) -> bool {
        self.to == Some(self.now)
    }

    fn is_old(&self) -> bool {
        !self.is_new() && self.from.is_none_or(|from| from == self.now)
    }

    fn elsewhere(&self) -> Application {
        Application::Elsewhere(self.now.clone())
    }
}

/// The run never asked for a change of the service.
fn unasked(run: &PastRun, images: &Images<'_>, service: &ServiceView) -> Application {
    if service.status == ServiceStatus::Busy {
        return Application::Unclear("somebody else is changing the service".to_owned());
    }
    match (&run.aim, images.is_old()) {
        (_, true) | (None, _) => Application::Untouched,
        (Some(_), false) => images.elsewhere(),
    }
}

fn judge_asked(
    (run, looks): (&PastRun, &Looks<'_>),
    asked: &PastIntent,
    images: &Images<'_>,
    service: &ServiceView,
    trace: Trace<'_>,
) -> Application {
    let unclear = |words: String| Application::Unclear(words);
    let operation = match trace {
        Trace::Found(operation) => operation,
        Trace::None => return unsent((run, looks), asked, images, service),
        Trace::Lost(_) if !images.is_new() && !images.is_old() => return images.elsewhere(),
        Trace::Lost(why) => return unclear(why),
    };
    let id = &operation.id;
    if !operation.status.is_final() {
        return Application::Moving(format!("operation {id} is {} on the platform", operation.status.word()));
    }
    if service.status == ServiceStatus::Busy {
        // Another operation, or this one, which ended between the looks: the next look tells.
        return Application::Moving(format!(
            "operation {id} {}, and the service is still deploying",
            operation.status.word()
        ));
    }
    match operation.status {
        OperationStatus::Succeeded if images.is_new() => Application::Deployed(Some(operation.clone())),
        OperationStatus::Succeeded if images.is_old() => unclear(format!(
            "operation {id} succeeded, and yet the service runs {} again",
            images.now.short()
        )),
        OperationStatus::RolledBack | OperationStatus::Failed
            if images.is_old() && service.status == ServiceStatus::Running =>
        {
            Application::RolledBack(operation.clone())
        }
        OperationStatus::RolledBack | OperationStatus::Failed if images.is_old() => unclear(format!(
            "operation {id} {}, and the service is {}",
            operation.status.word(),
            service.status.word()
        )),
        OperationStatus::RolledBack | OperationStatus::Failed if images.is_new() => unclear(format!(
            "operation {id} {}, and yet the service has {}",
            operation.status.word(),
            images.now.short()
        )),
        _ => images.elsewhere(),
    }
}

/// No update began since the run was about to ask for one.
fn unsent(
    (run, looks): (&PastRun, &Looks<'_>),
    asked: &PastIntent,
    images: &Images<'_>,
    service: &ServiceView,
) -> Application {
    if service.status == ServiceStatus::Busy {
        return Application::Moving(
            "the service is being changed, and the platform lists no update yet".to_owned(),
        );
    }
    match &asked.result {
        // There was nothing to ask for: it ran already.
        Some(Ok(_)) if images.is_new() => return Application::Deployed(None),
        Some(Err(failure)) if failure.kind != FailureKind::Unknown && images.is_old() => {
            return Application::Untouched;
        }
        Some(Ok(_)) => {
            return Application::Unclear(
                "it recorded that the service was deployed, and the platform lists no update since"
                    .to_owned(),
            );
        }
        _ => {}
    }
    if images.is_old() {
        // Whoever gave it up was at it until then.
        let last = run.conclusion.as_ref().map_or(asked.at, |(at, _)| asked.at.max(*at));
        if looks.at.duration_since(last).abs() < IN_FLIGHT {
            return Application::Moving(format!(
                "it may have asked for the update less than {} seconds ago: it is too early to tell",
                IN_FLIGHT.as_secs()
            ));
        }
        return Application::Untouched;
    }
    if images.is_new() {
        return Application::Unclear(format!(
            "the service has {}, and the platform lists no update since the run asked for it",
            images.now.short()
        ));
    }
    images.elsewhere()
}

/// The operation by its recorded id, else the only update that began since and that no other run recorded as its own.
fn trace<'a>(run: &PastRun, looks: &Looks<'a>, asked: &PastIntent) -> Trace<'a> {
    let updates = match &looks.updates {
        Ok(updates) => *updates,
        Err(why) => return Trace::Lost(format!("the operations of the service were not seen: {why}")),
    };
    if let Some(id) = &run.operation {
        return match updates.iter().find(|operation| operation.id == *id) {
            Some(operation) => Trace::Found(operation),
            None => Trace::Lost(format!("the platform does not list operation {id} any more")),
        };
    }
    let earliest = asked.at.checked_sub(CLOCKS).unwrap_or(asked.at);
    let mut since = updates.iter().filter(|operation| {
        let is_since = operation.started_at.is_none_or(|started| started >= earliest);
        is_since && !looks.claimed.contains(&operation.id.as_str())
    });
    match (since.next(), since.count()) {
        (None, _) => Trace::None,
        (Some(operation), 0) => Trace::Found(operation),
        (Some(_), more) => Trace::Lost(format!(
            "{} updates of the service began since, and which of them was this run's is not on record",
            more + 1
        )),
    }
}

impl Trace<'_> {
    fn words(&self) -> String {
        match self {
            Self::Found(operation) => {
                let began = operation.started_at.map_or_else(String::new, |at| format!(", begun at {at:.0}"));
                format!("{} {}{began}", operation.id, operation.status.word())
            }
            Self::None => "the platform lists no update since the run was about to ask for one".to_owned(),
            Self::Lost(why) => why.clone(),
        }
    }
}
