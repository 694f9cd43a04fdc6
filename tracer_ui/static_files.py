"""Static files under names that carry their hash, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Also rewrites the `import … from "./x.js";` lines of our modules. A line without its `;` is passed over."""

    support_js_module_import_aggregation = True

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        # Ours only: 1.5 MB of Plotly import nothing, and looking through them, five patterns twice over, took 1.5 s of
        # CPU at each start. One of django-htmx's files imports a module that it does not carry.
        self._patterns["js/*.js"] = self._patterns.pop("*.js")
