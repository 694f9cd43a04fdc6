"""Static files under names that carry their hash, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Also rewrites the `import … from "./x.js";` lines of ES modules (the `;` is needed: without it a line is skipped)."""

    support_js_module_import_aggregation = True
