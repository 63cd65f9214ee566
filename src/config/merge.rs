//! One raw table laid over a weaker one, key by key, and the rest filled with what is built in.

use crate::chat::Compute;
use crate::chat::Sampling;
use crate::config::Profile;
use crate::config::Slo;
use crate::config::raw::RawChat;
use crate::config::raw::RawCompute;
use crate::config::raw::RawEngine;
use crate::config::raw::RawFile;
use crate::config::raw::RawProfile;
use crate::config::raw::RawSampling;
use crate::config::raw::RawSlo;

impl RawFile {
    /// Lays the file over a weaker one.
    pub(super) fn over(mut self, weaker: Self) -> Self {
        for (name, profile) in weaker.profiles {
            let stronger = self.profiles.remove(&name).unwrap_or_default();
            self.profiles.insert(name, stronger.over(profile));
        }
        for (name, endpoint) in weaker.endpoints {
            self.endpoints.entry(name).or_insert(endpoint);
        }
        Self {
            default_profile: self.default_profile.or(weaker.default_profile),
            theme: self.theme.or(weaker.theme),
            chat: self.chat.over(weaker.chat),
            engine: self.engine.over(&weaker.engine),
            profiles: self.profiles,
            endpoints: self.endpoints,
        }
    }
}

impl RawChat {
    fn over(self, weaker: Self) -> Self {
        Self {
            language: self.language.or(weaker.language),
            mouse: self.mouse.or(weaker.mouse),
            inline: self.inline.or(weaker.inline),
            sidebar: self.sidebar.or(weaker.sidebar),
            print_on_exit: self.print_on_exit.or(weaker.print_on_exit),
        }
    }
}

impl RawEngine {
    fn over(&self, weaker: &Self) -> Self {
        Self {
            keep_alive: self.keep_alive.or(weaker.keep_alive),
            pool_tokens: self.pool_tokens.or(weaker.pool_tokens),
            max_turns: self.max_turns.or(weaker.max_turns),
            prefill_ahead: self.prefill_ahead.or(weaker.prefill_ahead),
            kv_ram: self.kv_ram.or(weaker.kv_ram),
            kv_disk_gb: self.kv_disk_gb.or(weaker.kv_disk_gb),
        }
    }
}

impl RawProfile {
    /// Lays the profile over a weaker layer's, or over the one that it extends.
    pub(super) fn over(self, weaker: Self) -> Self {
        Self {
            extends: self.extends.or(weaker.extends),
            mode: self.mode.or(weaker.mode),
            model: self.model.or(weaker.model),
            endpoints: self.endpoints.or(weaker.endpoints),
            privacy: self.privacy.or(weaker.privacy),
            system: self.system.or(weaker.system),
            n_ctx: self.n_ctx.or(weaker.n_ctx),
            threads: self.threads.or(weaker.threads),
            compute: self.compute.over(weaker.compute),
            sampling: self.sampling.over(&weaker.sampling),
            slo: self.slo.over(&weaker.slo),
            on_full: self.on_full.or(weaker.on_full),
            max_tokens: self.max_tokens.or(weaker.max_tokens),
            stop: self.stop.or(weaker.stop),
        }
    }

    /// Fills what is not said with what is built in.
    pub(super) fn resolve(self, name: &str) -> Profile {
        let built_in = Profile::built_in(name);
        Profile {
            mode: self.mode.unwrap_or(built_in.mode),
            model: self.model.unwrap_or(built_in.model),
            endpoints: self.endpoints.map_or(built_in.endpoints, |at| at.value),
            privacy: self.privacy.unwrap_or(built_in.privacy),
            system: self.system.filter(|text| !text.is_empty()),
            n_ctx: self.n_ctx.unwrap_or(built_in.n_ctx),
            threads: self.threads.unwrap_or(built_in.threads),
            compute: self.compute.resolve(built_in.compute),
            sampling: self.sampling.resolve(&built_in.sampling),
            slo: self.slo.resolve(built_in.slo),
            on_full: self.on_full.unwrap_or(built_in.on_full),
            max_tokens: self.max_tokens.or(built_in.max_tokens),
            stop: self.stop.unwrap_or(built_in.stop),
            name: built_in.name,
        }
    }
}

impl RawCompute {
    fn over(self, weaker: Self) -> Self {
        Self {
            cache_k: self.cache_k.or(weaker.cache_k),
            cache_v: self.cache_v.or(weaker.cache_v),
            flash_attention: self.flash_attention.or(weaker.flash_attention),
            gpu_layers: self.gpu_layers.or(weaker.gpu_layers),
            mmap: self.mmap.or(weaker.mmap),
            repack: self.repack.or(weaker.repack),
        }
    }

    fn resolve(self, built_in: Compute) -> Compute {
        Compute {
            cache_k: self.cache_k.unwrap_or(built_in.cache_k),
            cache_v: self.cache_v.map_or(built_in.cache_v, |at| at.value),
            flash_attention: self.flash_attention.unwrap_or(built_in.flash_attention),
            gpu_layers: self.gpu_layers.unwrap_or(built_in.gpu_layers),
            mmap: self.mmap.unwrap_or(built_in.mmap),
            repack: self.repack.unwrap_or(built_in.repack),
        }
    }
}

impl RawSampling {
    fn over(&self, weaker: &Self) -> Self {
        Self {
            temp: self.temp.or(weaker.temp),
            top_k: self.top_k.or(weaker.top_k),
            top_p: self.top_p.or(weaker.top_p),
            min_p: self.min_p.or(weaker.min_p),
            repeat_penalty: self.repeat_penalty.or(weaker.repeat_penalty),
            seed: self.seed.or(weaker.seed),
        }
    }

    pub(super) fn resolve(&self, built_in: &Sampling) -> Sampling {
        Sampling {
            temp: self.temp.unwrap_or(built_in.temp),
            top_k: self.top_k.unwrap_or(built_in.top_k),
            top_p: self.top_p.unwrap_or(built_in.top_p),
            min_p: self.min_p.unwrap_or(built_in.min_p),
            repeat_penalty: self.repeat_penalty.unwrap_or(built_in.repeat_penalty),
            seed: self.seed.or(built_in.seed),
        }
    }
}

impl RawSlo {
    fn over(&self, weaker: &Self) -> Self {
        Self { ttft: self.ttft.or(weaker.ttft), tbt: self.tbt.or(weaker.tbt) }
    }

    fn resolve(&self, built_in: Slo) -> Slo {
        Slo { ttft: self.ttft.unwrap_or(built_in.ttft), tbt: self.tbt.unwrap_or(built_in.tbt) }
    }
}
