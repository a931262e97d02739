# The service with its models, as a user without rights: docs/operate.md says how to run it.
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
WORKDIR /source
RUN python -m venv /opt/tonecheck
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src src
COPY models models
RUN /opt/tonecheck/bin/pip install --no-cache-dir --no-compile --constraint constraints.txt \
    '.[service]' 'psycopg[binary]'
# Audits and training need these, the service does not: tests/service/test_service_image.py.
RUN /opt/tonecheck/bin/pip uninstall --yes \
    hf-xet huggingface-hub joblib narwhals pandas python-dateutil scikit-learn scipy threadpoolctl tzdata \
    && /opt/tonecheck/bin/pip uninstall --yes setuptools pip
# Debugging symbols and test suites of packages are half of what is left. Libraries in folders
# called *.libs were repaired after linking, and strip would break them.
RUN find /opt/tonecheck -name '*.so*' -type f -not -path '*.libs/*' -exec strip --strip-debug {} + \
    && find /opt/tonecheck -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -r {} +

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /data tonecheck \
    && install --directory --owner tonecheck --mode 0700 /data
COPY --from=build /opt/tonecheck /opt/tonecheck
ENV PATH=/opt/tonecheck/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    TONECHECK_HOST=0.0.0.0 \
    TONECHECK_DATABASE=sqlite:////data/tonecheck.sqlite
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["tonecheck"]
CMD ["serve"]
