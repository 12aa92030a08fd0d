"""The DAG of docs/schedules in a real Airflow; `make airflow-check` runs it."""
