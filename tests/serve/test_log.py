"""The log: whatever has become of standard error, the service goes on."""

import os
import signal
import subprocess
import unittest

from service import CLI, Service

# Of a shell: what standard error of the command before it is.
ERRORS = {
    "full": "2>/dev/full",
    "closed": "2>&-",
    "not writable": "2</dev/null",
    "without its reader": "2> >(true)",
    "with a stopped reader": "2> >(kill -STOP $BASHPID)",
}


class Log(unittest.TestCase):
    def test_what_cannot_be_written_is_counted_and_nothing_else(self):
        for name, redirection in ERRORS.items():
            for quiet in ((), ("--quiet",)):
                with self.subTest(name, quiet=quiet):
                    self.outlives(redirection, quiet)

    def outlives(self, redirection, quiet):
        with Service(*quiet, shell=redirection) as service:
            for _ in range(3):
                self.assertEqual(service.get("/health").status, 200)
                self.assertEqual(service.explain().status, 200)
            os.kill(service.worker(), signal.SIGKILL)
            service.wait_for(lambda: service.metric("llmx_worker_restarts_total") == 1)
            service.wait_for(lambda: service.get("/health").status == 200)
            self.assertEqual(service.explain().status, 200)
            if "STOP" not in redirection:
                self.assertGreaterEqual(service.metric("llmx_log_lines_lost_total"), 1)
            self.assertEqual(service.stop(), 0)

    def test_a_log_that_nobody_reads_holds_nobody_up(self):
        read, write = os.pipe()
        os.set_blocking(write, False)
        with self.assertRaises(BlockingIOError):
            while True:
                os.write(write, b"x" * 4096)
        os.set_blocking(write, True)
        with Service(errors=write) as service:
            os.close(write)
            self.assertEqual(service.explain().status, 200)
            self.assertGreaterEqual(service.metric("llmx_log_lines_lost_total"), 1)
        os.close(read)

    def test_the_command_line_ends_as_it_says(self):
        for redirection in ("2>/dev/full", "2>&-"):
            for arguments, code in ((["explain", "--methd", "x"], 2), (["model", "/nowhere"], 4)):
                run = subprocess.run(["bash", "-c", f'"$@" {redirection}', "bash", CLI, *arguments], check=False)
                self.assertEqual(run.returncode, code)
        run = subprocess.run(["bash", "-c", '"$@" >&-', "bash", CLI, "methods"], stderr=subprocess.PIPE, check=False)
        self.assertEqual(run.returncode, 7, run.stderr)


if __name__ == "__main__":
    unittest.main()
