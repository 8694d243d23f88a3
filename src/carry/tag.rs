//! The last step of the receiving side: content and signatures into a distribution, the signature verified, the tag.

use super::{
    CarriedImage, CarriedPromotion, CarriedTag, CarryError,
    import::Filling,
    medium::{Medium, PublicKey},
    receive::Destination,
    records::Moved,
};
use crate::{
    evidence::{Certainty, Hop, HopKind, Vouched},
    manifest::DesiredPolicy,
    model::{Outcome, Reference, Repository, Verdict},
    plan,
    reconcile::{State, World},
    trust::verify,
};

/// What tagging acts on.
#[derive(Debug)]
pub(super) struct Tagging<'a> {
    pub world: &'a World,
    pub medium: &'a Medium,
    pub destination: &'a Destination,
    pub key: &'a PublicKey,
    /// Read from the pushed tip.
    pub state: &'a State,
}

/// What became of one tag.
#[derive(Debug)]
pub(super) struct Done {
    pub tag: CarriedTag,
    pub moved: Option<Moved>,
    pub bytes: u64,
}

impl Tagging<'_> {
    /// Puts one image into one distribution.
    pub(super) async fn promote(&self, image: &CarriedImage, promotion: &CarriedPromotion) -> Done {
        let place = self.destination.distribution(&self.state.desired, &promotion.consumer, &image.source);
        let name = |place: &Repository| format!("{place}:{}", promotion.tag);
        let shown = place.as_ref().map_or_else(|| name(&promotion.from), &name);
        let mut done = Done {
            tag: CarriedTag {
                consumer: promotion.consumer.clone(),
                name: shown,
                digest: image.digest.clone(),
                tagged: false,
                skipped: false,
                failure: None,
            },
            moved: None,
            bytes: 0,
        };
        let Some(place) = place else {
            let reason =
                format!("no consumer `{}` is defined here; name a place with --to", promotion.consumer);
            done.tag.failure = Some(reason);
            done.tag.skipped = true;
            return done;
        };
        match self.fill(image, promotion, &place, &mut done).await {
            Ok(()) => {}
            Err(failure) => done.tag.failure = Some(failure),
        }
        done
    }

    async fn fill(
        &self,
        image: &CarriedImage,
        promotion: &CarriedPromotion,
        place: &Repository,
        done: &mut Done,
    ) -> Result<(), String> {
        self.cleared(self.state, image, promotion)?;
        let text = |error: CarryError| error.to_string();
        let quarantine = self.destination.quarantine_of(&image.source);
        let open = |host: &str| {
            self.world.registries.get(&self.state.desired, host).map_err(|error| error.to_string())
        };
        let held = (open(&quarantine.host)?, quarantine);
        let mut filling = Filling {
            medium: self.medium,
            registry: open(&place.host)?,
            repository: place.clone(),
            quarantine: Some(held),
            bytes: 0,
        };
        let filled = self.content(&mut filling, image, promotion).await;
        done.bytes = filling.bytes;
        filled.map_err(text)?;
        let vouched = self.verified(&filling, image).await?;
        let reference = Reference::tag(&promotion.tag);
        let certainty = if filling.holds(&reference, &image.digest).await.map_err(text)? {
            Certainty::Observed
        } else {
            // Where a newer pushed commit says something else about this tag, that one wins.
            let tip = State::tip(self.world).await.map_err(|error| error.to_string())?;
            self.cleared(&tip, image, promotion)?;
            filling.manifests(&image.manifests, Some(&promotion.tag)).await.map_err(text)?;
            done.tag.tagged = true;
            Certainty::Performed
        };
        done.moved = Some(self.moved(image, promotion, &filling, certainty, vouched));
        Ok(())
    }

    async fn content(
        &self,
        filling: &mut Filling<'_>,
        image: &CarriedImage,
        promotion: &CarriedPromotion,
    ) -> Result<(), CarryError> {
        for digest in &image.blobs {
            filling.blob(digest).await?;
        }
        filling.manifests(&image.manifests, None).await?;
        for companion in &promotion.companions {
            filling.companion(companion).await?;
        }
        Ok(())
    }

    /// Returns an error where the pushed records do not clear the tag for the consumer.
    fn cleared(
        &self,
        state: &State,
        image: &CarriedImage,
        promotion: &CarriedPromotion,
    ) -> Result<(), String> {
        let record = state.evidence.image(&image.source, &image.digest);
        let record = record.ok_or_else(|| "the pushed evidence has no record of it".to_owned())?;
        let verdict = plan::verdict_for(record, &promotion.consumer);
        if verdict.is_none_or(|verdict| verdict.verdict != Verdict::Cleared) {
            return Err(format!("the pushed evidence does not clear it for `{}`", promotion.consumer));
        }
        let now = self.world.now();
        if let Some(withdrawal) =
            plan::in_force(&state.desired, &image.source, record, &promotion.consumer, now)
        {
            return Err(format!("withdrawal {} ({}) withdraws it", withdrawal.name, withdrawal.written));
        }
        let locked = state.evidence.lock.images.iter();
        let mut locked = locked.filter(|l| l.repository == image.source && l.tag == promotion.tag);
        match locked.next() {
            Some(locked) if locked.digest == *record.custody.upstream() => Ok(()),
            _ => Err(format!("the pushed lock gives tag `{}` another meaning", promotion.tag)),
        }
    }

    /// Verifies the organisation's signature of the image as an outsider would, at the distribution.
    async fn verified(&self, filling: &Filling<'_>, image: &CarriedImage) -> Result<Vec<Vouched>, String> {
        let policy = DesiredPolicy::of_keys("carry", [("carry".to_owned(), self.key.pem.clone())]);
        let path = &filling.repository.path;
        let record = verify::verify(filling.registry.as_ref(), path, &image.digest, Some(&policy)).await;
        if record.outcome != Outcome::Verified {
            return Err(format!(
                "the organisation's signature is {}: {}",
                record.outcome.name(),
                record.reason
            ));
        }
        let held = record.signatures.iter().filter(|found| found.outcome == Outcome::Verified);
        let vouched = held.map(|found| Vouched {
            format: found.format.name().to_owned(),
            subject: image.digest.clone(),
            digest: found.digest.clone(),
            key: Some(self.medium.index.key.clone()),
            predicate_type: None,
            facts: None,
            as_of: None,
            log: None,
        });
        let mut vouched: Vec<Vouched> = vouched.collect();
        vouched.sort();
        Ok(vouched)
    }

    fn moved(
        &self,
        image: &CarriedImage,
        promotion: &CarriedPromotion,
        filling: &Filling<'_>,
        certainty: Certainty,
        vouched: Vec<Vouched>,
    ) -> Moved {
        let from = self.destination.quarantine_of(&image.source);
        let mut hosts = vec![from.host.clone(), filling.repository.host.clone()];
        hosts.sort();
        hosts.dedup();
        let hop = Hop {
            kind: HopKind::Promotion,
            from,
            to: filling.repository.clone(),
            tag: Some(promotion.tag.clone()),
            consumer: Some(promotion.consumer.clone()),
            hosts,
            volumes: vec![],
            at: self.world.now(),
            bytes: filling.bytes,
            actor: self.world.actor.clone(),
            tool: self.world.tool.clone(),
            certainty,
            cleared_by: Some(self.state.tip.to_string()),
            vouched,
        };
        Moved { source: image.source.clone(), digest: image.digest.clone(), hop }
    }
}
