//! Whether what may be lost can be kept: layer facts and advisory bundles.

use crate::{reconcile::World, registry::probe::Said};

pub(super) fn examine(world: &World) -> Vec<Said> {
    let folder = &world.bundles;
    let tried = std::fs::create_dir_all(folder).and_then(|()| tempfile::tempfile_in(folder).map(|_| ()));
    vec![match tried {
        Ok(()) => Said::ok(format!("`{}` can be written", folder.display())),
        Err(error) => Said::warning(
            format!("`{}` cannot be written: {error}", folder.display()),
            "name another folder with FONDACO_CACHE; without one every run reads every layer again",
        ),
    }]
}
