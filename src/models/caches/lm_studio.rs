//! LM Studio's models: `PUBLISHER/REPOSITORY/FILE`.

use std::path::Path;

use super::name;
use crate::models::Keeper;
use crate::models::Stocked;
use crate::models::file_name;
use crate::models::files::entries;
use crate::models::files::model_files;
use crate::models::files::stem;

pub(super) fn find(root: &Path) -> Vec<Stocked> {
    let directories = |path: &Path| entries(path).into_iter().filter(|path| path.is_dir());
    let mut found = Vec::new();
    for publisher in directories(root) {
        for repository in directories(&publisher) {
            let names = name(&publisher).zip(name(&repository));
            let Some((publisher, repository_name)) = names else { continue };
            found.extend(model_files(&repository).iter().filter_map(|path| {
                let stem = stem(path)?;
                let variant = file_name::quantisation(&stem).unwrap_or(&stem);
                let name = format!("{publisher}/{repository_name}:{variant}");
                Stocked::of(Keeper::LmStudio, &name, path)
            }));
        }
    }
    found
}
