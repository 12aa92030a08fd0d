"""In Airflow's own environment: parse the DAGs, run one of them once, and print what came of it as JSON.

`python play.py DAG_ID`. AIRFLOW_HOME and the folder of the DAGs come from the environment. There is no
scheduler: Airflow runs one task after the other, with its retries.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session


def declared(dag: Any) -> list[Any]:
    """When a DAG runs: its runs at a time, whether missed ones are made good, its time zone."""
    return [dag.max_active_runs, dag.catchup, str(dag.timezone)]


def main(dag_id: str) -> None:
    """Print the DAGs with their faults and, where there are none, the states of the run and its tasks."""
    bag = DagBag()
    found: dict[str, Any] = {
        "faults": bag.import_errors,
        "dags": {name: declared(dag) for name, dag in bag.dags.items()},
    }
    if not bag.import_errors:
        run = bag.dags[dag_id].test()
        with create_session() as session:
            tasks = session.query(TaskInstance).filter_by(dag_id=dag_id, run_id=run.run_id).all()
            found["tasks"] = sorted(
                [each.task_id, each.map_index, str(each.state), each.try_number] for each in tasks
            )
        found["run"] = str(run.state)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
