//! llama.cpp's downloads: files beside each other, `ORG_REPOSITORY_FILE`.

use std::path::Path;

use crate::models::Keeper;
use crate::models::Stocked;
use crate::models::files::model_files;
use crate::models::files::stem;

pub(super) fn find(root: &Path) -> Vec<Stocked> {
    let files = model_files(root);
    files.iter().filter_map(|path| Stocked::of(Keeper::LlamaCpp, &stem(path)?, path)).collect()
}
