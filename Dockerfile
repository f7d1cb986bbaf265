# One image for web, worker and beat: docker-compose.yml says which program a container runs.
FROM python:3.13-slim-bookworm

# Pango and fonts: for the PDFs a worker prints.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core fonts-liberation2 \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data STATIC_ROOT=/app/staticfiles
WORKDIR /app

COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . .
RUN python manage.py collectstatic --no-input --verbosity 0 \
    && useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin vendorhub \
    && install -d -o vendorhub -g vendorhub /data

USER vendorhub
EXPOSE 8000
ENV GUNICORN_CMD_ARGS="--bind=0.0.0.0:8000"
CMD ["gunicorn", "vendorhub.wsgi:application", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "60", "--graceful-timeout", "20", "--no-control-socket", "--access-logfile", "-"]
