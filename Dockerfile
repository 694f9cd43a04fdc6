# One image, four commands: web, otlp, worker, beat (see docker-compose.yml).
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PATH=/venv/bin:$PATH
WORKDIR /app

COPY requirements/base.txt requirements/base.txt
RUN python -m venv /venv \
    && pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes --only-binary :all: -r requirements/base.txt

COPY manage.py LICENSE ./
COPY tracer_ui tracer_ui
COPY apps apps
COPY templates templates
COPY static static

# Static files are part of the image. The key is for this one command and signs nothing.
ENV TRACER_STATIC_ROOT=/app/staticfiles
RUN TRACER_DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build \
    && useradd --system --uid 10001 tracer \
    && install -d -o tracer /data

USER tracer
ENV TRACER_DATA_DIR=/data TRACER_BIND=0.0.0.0
VOLUME /data
EXPOSE 8000 4318
CMD ["python", "-m", "tracer_ui.serve", "web"]
