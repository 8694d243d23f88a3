//! `fondaco copy`: moves images as they are and records nothing.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    Exit, exit, show,
    source::{self, Refusal, Sources},
    world,
};
use crate::{
    intake::{self, Copies, Cpu, Intake, IntakeError, LayerStore, Looked, OpenRepository, Wish},
    manifest::Desired,
    model::{Digest, Kind, Reference, quantity},
    reconcile::RunError,
    registry::{Local, Place, RegistryError, Usage},
    ui::{Event, Progress, Ui},
};

/// The largest list of images that is read: some hundred thousand lines.
const LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Images that are looked for at once; each registry bounds its own requests.
const LOOKS_AT_ONCE: usize = 32;

/// Bytes of blobs in flight over all transfers.
const COPY_BYTES_MAX: u64 = 32 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Image to copy: `HOST/REPOSITORY[:TAG][@DIGEST]`, `oci:DIR[:NAME]` or `oci-archive:FILE[:NAME]`.
    #[arg(required_unless_present = "from", requires = "target")]
    source: Option<Place>,
    /// Where it goes: `HOST/REPOSITORY[:TAG]`, `oci:DIR[:NAME]` or `oci-archive:FILE[:NAME]`. Without a tag, under the
    /// source's.
    target: Option<Place>,
    /// File with a source and a target on each line; `#` begins a comment. `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["source", "target"])]
    from: Option<PathBuf>,
    /// Registry that is spoken to by HTTP without TLS. May be repeated.
    #[arg(long, value_name = "HOST")]
    plain_http: Vec<String>,
    /// Leave behind what lies beside an image: signatures, attestations, SBOMs. Images that are in place already are not
    /// looked at again in any case.
    #[arg(long)]
    no_companions: bool,
    /// Blobs in flight at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// Manifest repository whose distributions are not to be written to, where there is one.
    #[arg(long, default_value = ".", env = "FONDACO_REPOSITORY")]
    repository: PathBuf,
}

/// One image, as it was asked for.
struct Order {
    source: Place,
    target: Place,
}

impl Order {
    fn name(&self) -> Arc<str> {
        self.target.to_string().into()
    }
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let (orders, manifests) = match prepared(arguments) {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.told(ui),
    };
    let copied = world::runtime().and_then(|runtime| {
        runtime.block_on(async {
            let (progress, display) = ui.progress();
            let drain = CancellationToken::new();
            let signalled = world::drain_on_signal(drain.clone(), progress.clone());
            let report = copy(arguments, manifests.as_ref(), orders, &progress, &drain).await;
            display.finish().await;
            Ok::<_, RunError>((report?, signalled.get().copied()))
        })
    });
    match copied {
        Ok((report, signalled)) => {
            show(ui, &report.text(), &report.json());
            signalled.unwrap_or_else(|| report.exit())
        }
        Err(error) => exit::show(ui, &error, &[]),
    }
}

fn prepared(arguments: &Arguments) -> Result<(Vec<Order>, Option<Desired>), Refusal> {
    let orders = orders(arguments).map_err(Refusal::Usage)?;
    let manifests = source::manifests(&arguments.repository)?;
    for Order { target, .. } in &orders {
        if let Some(Reference::Digest(_)) = target.reference() {
            return Err(Refusal::Usage(format!(
                "target `{target}` has a digest; it is the source's in any case"
            )));
        }
        let Place::Image { repository, .. } = target else { continue };
        let into = manifests.as_ref().and_then(|desired| desired.distributes_to(repository));
        if let Some(consumer) = into {
            return Err(Refusal::Usage(format!(
                "`{target}` is in the distribution of consumer `{}`: a distribution only receives what a pushed verdict clears",
                consumer.name
            )));
        }
    }
    Ok((orders, manifests))
}

fn orders(arguments: &Arguments) -> Result<Vec<Order>, String> {
    if let (Some(source), Some(target)) = (&arguments.source, &arguments.target) {
        return Ok(vec![Order { source: source.clone(), target: target.clone() }]);
    }
    let Some(path) = &arguments.from else { return Ok(vec![]) };
    let text = read(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    let lines =
        text.lines().enumerate().map(|(number, line)| (number + 1, line.split('#').next().unwrap_or("")));
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| order(line).map_err(|reason| format!("{}:{number}: {reason}", path.display())))
        .collect()
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(LIST_BYTES_MAX).read_to_string(&mut text)?;
    } else {
        File::open(path)?.take(LIST_BYTES_MAX).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn order(line: &str) -> Result<Order, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [source, target] = words[..] else {
        return Err(format!(
            "a line has a source and a target, this one has {}",
            quantity::count(words.len(), "word")
        ));
    };
    let place = |text: &str| text.parse::<Place>().map_err(|error| error.to_string());
    Ok(Order { source: place(source)?, target: place(target)? })
}

/// What became of one order.
struct Done {
    order: Order,
    outcome: Outcome,
}

enum Outcome {
    Present(Digest),
    Copied { digest: Digest, bytes: u64 },
    Failed { error: String, kind: Kind },
}

/// What became of all of them, in their order, and what was asked of whom.
struct Report {
    done: Vec<Done>,
    usage: BTreeMap<String, Usage>,
}

async fn copy(
    arguments: &Arguments,
    manifests: Option<&Desired>,
    orders: Vec<Order>,
    progress: &Progress,
    drain: &CancellationToken,
) -> Result<Report, RunError> {
    let cpu = Cpu::new(1).map_err(|error| RunError::Task(error.to_string()))?;
    let intake = Intake::new(cpu, LayerStore::default(), COPY_BYTES_MAX, arguments.jobs.into());
    progress.tell(Event::Planned { images: orders.len() }).await;
    let mut ends = Ends::new(arguments, manifests);
    let mut wishes = vec![];
    for order in &orders {
        wishes.push(ends.wish(order, progress).await.map_err(IntakeError::Target));
    }
    let looks = wishes.into_iter().map(|wish| async { intake::look(wish?).await });
    let looked: Vec<_> = stream::iter(looks).buffered(LOOKS_AT_ONCE).collect().await;
    let differing = looked.iter().filter_map(|looked| match looked {
        Ok(Looked::Differs(copy)) => Some(copy.clone()),
        _ => None,
    });
    let copies = Copies::plan(&intake, differing.collect()).await;
    let telling = tell(orders, looked, &copies, progress);
    let ((), done) = futures_util::future::join(copies.run(drain), telling).await;
    let usage = ends.finish().await?;
    Ok(Report { done, usage })
}

/// Tells of each order as its outcome comes, in their order.
async fn tell(
    orders: Vec<Order>,
    looked: Vec<Result<Looked, IntakeError>>,
    copies: &Copies<'_>,
    progress: &Progress,
) -> Vec<Done> {
    let mut done = vec![];
    let mut differing = 0..;
    for (order, looked) in orders.into_iter().zip(looked) {
        let outcome = match looked {
            Ok(Looked::There(digest)) => Outcome::Present(digest),
            Ok(Looked::Differs(_)) => match copies.copied(differing.next().unwrap_or_default()).await {
                Ok(done) => Outcome::Copied { digest: done.root.descriptor.digest, bytes: done.bytes },
                Err(error) => failed(&error),
            },
            Err(error) => failed(&error),
        };
        let one = Done { order, outcome };
        progress.tell(one.event()).await;
        done.push(one);
    }
    done
}

/// Opens sources and targets, each registry, directory and archive once.
struct Ends<'a> {
    arguments: &'a Arguments,
    sources: Sources<'a>,
    targets: BTreeMap<String, Local>,
}

impl<'a> Ends<'a> {
    fn new(arguments: &'a Arguments, manifests: Option<&'a Desired>) -> Self {
        let sources = Sources::new(arguments.repository.clone(), manifests, &arguments.plain_http);
        Self { arguments, sources, targets: BTreeMap::new() }
    }

    async fn wish(&mut self, order: &Order, progress: &Progress) -> Result<Wish, RegistryError> {
        let (from, meant) = self.sources.open(&order.source).await?;
        let (to, named) = self.target(&order.target).await?;
        // Without a name of its own the target is named as the source is; an image that is meant by its digest is not.
        let tag = [named.as_ref(), order.source.reference(), Some(&meant)].into_iter().flatten().find_map(
            |reference| match reference {
                Reference::Tag(tag) if Reference::is_tag(tag) => Some(tag.clone()),
                Reference::Tag(_) | Reference::Digest(_) => None,
            },
        );
        let (name, progress) = (order.name(), progress.clone());
        let progress: intake::ProgressFn = Arc::new(move |moved| {
            if let intake::Progress::Bytes(count) = moved {
                progress.bytes(&name, count);
            }
        });
        let companions = !self.arguments.no_companions;
        Ok(Wish { from, reference: meant, to, tag, companions, progress })
    }

    async fn target(&mut self, place: &Place) -> Result<(OpenRepository, Option<Reference>), RegistryError> {
        let reference = place.reference().cloned();
        if let Place::Image { repository, .. } = place {
            return Ok((self.sources.image(repository)?, reference));
        }
        let key = place.clone().with_reference(None).to_string();
        if !self.targets.contains_key(&key)
            && let Some(local) = Local::target(place).await?
        {
            self.targets.insert(key.clone(), local);
        }
        Ok((source::opened(&self.targets[&key]), reference))
    }

    /// Completes what was written to files, and returns what was asked of whom.
    async fn finish(self) -> Result<BTreeMap<String, Usage>, RegistryError> {
        self.sources.registries.settle().await;
        for local in self.targets.into_values() {
            local.finish().await?;
        }
        Ok(self.sources.registries.usage())
    }
}

fn failed(error: &IntakeError) -> Outcome {
    Outcome::Failed { error: error.to_string(), kind: error.kind() }
}

impl Done {
    fn event(&self) -> Event {
        let outcome = match &self.outcome {
            Outcome::Present(_) => "present".to_owned(),
            Outcome::Copied { .. } => "copied".to_owned(),
            Outcome::Failed { error, .. } => format!("failed: {error}"),
        };
        Event::Finished { image: self.order.name(), outcome, seconds: 0 }
    }

    fn text(&self) -> String {
        let Order { source, target } = &self.order;
        match &self.outcome {
            Outcome::Present(digest) => format!("present  {target} {digest}\n"),
            Outcome::Copied { digest, bytes } => {
                format!("copied   {target} {digest} from {source}, {}\n", quantity::bytes(*bytes))
            }
            Outcome::Failed { error, .. } => format!("failed   {target} from {source}: {error}\n"),
        }
    }

    fn json(&self) -> Value {
        let (source, target) = (self.order.source.to_string(), self.order.target.to_string());
        match &self.outcome {
            Outcome::Present(digest) => {
                json!({"source": source, "target": target, "outcome": "present", "digest": digest})
            }
            Outcome::Copied { digest, bytes } => {
                json!({"source": source, "target": target, "outcome": "copied", "digest": digest, "bytes": bytes})
            }
            Outcome::Failed { error, .. } => {
                json!({"source": source, "target": target, "outcome": "failed", "error": error})
            }
        }
    }

    const fn failure(&self) -> Option<Kind> {
        match self.outcome {
            Outcome::Failed { kind, .. } => Some(kind),
            _ => None,
        }
    }
}

impl Report {
    fn text(&self) -> String {
        self.done.iter().map(Done::text).collect()
    }

    fn json(&self) -> Value {
        let done: Vec<Value> = self.done.iter().map(Done::json).collect();
        json!({"copies": done, "usage": self.usage})
    }

    /// Some failed, the rest is done: 4. All failed: by what the first failure means.
    fn exit(&self) -> Exit {
        let failures: Vec<Kind> = self.done.iter().filter_map(Done::failure).collect();
        match failures.first() {
            None => Exit::Done,
            Some(_) if failures.len() < self.done.len() => Exit::Partial,
            Some(Kind::RateLimited | Kind::Unavailable) => Exit::TryAgain,
            Some(_) => Exit::Failed,
        }
    }
}
