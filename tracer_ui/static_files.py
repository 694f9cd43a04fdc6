"""Static files under names that carry their hash, so that browsers may keep them for ever."""

import re
from collections.abc import Callable

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Also rewrites the `import … from "./x.js";` lines of ES modules. A line without its `;` is skipped in silence."""

    support_js_module_import_aggregation = True

    def url_converter(self, name: str, *arguments: object, **options: object) -> Callable[[re.Match[str]], str]:
        """Leaves django-htmx's own files alone: one of them imports a module that it does not carry."""
        if name.startswith("django_htmx/"):
            return lambda match: match[0]
        return super().url_converter(name, *arguments, **options)
