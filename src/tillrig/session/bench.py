"""Everything that stands around the terminal, opened in order and closed in reverse."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tillrig.drivers.technician import Technician
from tillrig.errors import RigFileError
from tillrig.host import HostExchange, HostRequest, TestHost
from tillrig.host.records import HostEvent, to_dict
from tillrig.lab import Lab
from tillrig.masking import Masker
from tillrig.observers.darkness import Darkness
from tillrig.observers.host import HostObserver
from tillrig.observers.interrogation import ScreenInterrogator, SlipInterrogator
from tillrig.observers.lookout import SLIP_EVERY, Episode, Lookout, SlipLookout
from tillrig.observers.screen import ScreenObserver
from tillrig.observers.slip import SlipObserver
from tillrig.operator import Hand, Operator
from tillrig.profiles import Profile, load_profile
from tillrig.rigs import CameraView, OpenRig, Rig, open_rig
from tillrig.rigs.reference import reference_frame
from tillrig.timeline import Timeline
from tillrig.vision import ScreenReader, ScreenWatch, SlipReader, display_geometry, paper_geometry
from tillrig.vision.watch import Area, CameraWatch, Marks

#: A camera that gives fewer frames a second is a person with a camera, whose pictures are not watched.
LEAST_FPS = 2.0


class Bench:
    """An open rig with test host, observers and operator. Raises what opening them raises; then nothing stays open."""

    def __init__(
        self, source: Path | Rig, lab: Lab, timeline: Timeline, masker: Masker, technician: Technician | None
    ) -> None:
        self.lab, self.timeline, self.masker = lab, timeline, masker
        self._closing = contextlib.ExitStack()
        self.exchanges: list[HostExchange] = []
        self._unanswered: set[int] = set()
        #: As the link reported it last; a link is up when it is opened.
        self.link_up = True
        try:
            self._open(source, technician)
        except BaseException:
            self._closing.close()
            raise

    def _open(self, source: Path | Rig, technician: Technician | None) -> None:
        self.rig: OpenRig = open_rig(source, self._emit, technician=technician)
        self._closing.callback(self.rig.close)
        path = source.path if isinstance(source, Rig) else source
        self.profile: Profile = load_profile(self.rig.profile, near=path)
        self.scale = self.rig.time_scale
        self.host = self._start_host()
        self.host_observer = HostObserver(self.profile.times.answer / self.scale, self.profile.approvals)
        self._open_eyes()
        self.hand = Hand(self.rig, self.profile, self.lab, self.eye, self.timeline)
        self.operator = Operator(self.eye, self.slips, self.hand, self.profile, self.timeline, self.scale)
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="tillrig-read", initializer=_step_back)
        self._closing.callback(self.worker.shutdown, wait=True, cancel_futures=True)

    def _start_host(self) -> TestHost:
        spec = self.rig.host
        if spec is None:
            raise RigFileError(f"{self.rig.rig.path}: host.listen is missing: where does the terminal call?")
        host = TestHost(spec.listen, cards=self.lab.directory / "cards.yaml", time_scale=self.scale, record=self._heard)
        host.start()
        self._closing.callback(host.stop)
        return host

    def _open_eyes(self) -> None:
        camera, view = self.rig.cameras.get("screen"), self.rig.views.get("screen")
        if camera is None or view is None or view.corners is None:
            raise RigFileError(f"{self.rig.rig.path}: instruments.screen: a camera with calibrated corners is needed")
        geometry, k1 = display_geometry(self.profile), view.distortion_k1
        guard = CameraWatch(
            Area.screen(view.corners), _marks(view), size=view.size, reference=reference_frame(self.rig, "screen")
        )
        watch = ScreenWatch(geometry, view.corners, k1=k1, camera=guard)
        self.lookouts: list[Lookout] = [Lookout("screen", camera, guard, self.timeline)]
        quick = ScreenReader(geometry, view.corners, k1=k1)
        self.screen_reader = ScreenReader(geometry, view.corners, k1=k1)
        self.blind_reader = ScreenReader(geometry, view.corners, k1=k1, fit=False, readers=self.screen_reader.readers)
        dark = Darkness(geometry, view.corners, k1)
        self.eye = ScreenObserver(camera, quick, watch, dark, self.profile, self.timeline, self.lookouts[0])
        self._closing.callback(self.eye.close)
        self.screens = ScreenInterrogator(self.screen_reader, self.profile, self.masker)
        self.slips: SlipObserver | None = None
        self.slip_interrogator: SlipInterrogator | None = None
        camera, view = self.rig.cameras.get("slip"), self.rig.views.get("slip")
        if camera is not None and view is not None and view.corners is not None:
            paper = paper_geometry(self.profile)
            observer_reader = SlipReader(paper, view.corners, k1=view.distortion_k1)
            reader = SlipReader(paper, view.corners, k1=view.distortion_k1, readers=observer_reader.readers)
            if camera.fps > LEAST_FPS:
                then = reference_frame(self.rig, "slip")
                area = Area.paper(view.corners)
                guard = CameraWatch(area, _marks(view), size=view.size, every=SLIP_EVERY, reference=then)
                lookout = SlipLookout(camera, guard, self.timeline)
                self._closing.callback(lookout.close)
                self.lookouts.append(lookout)
            self.slips = SlipObserver(camera, observer_reader, self.timeline, *self.lookouts[1:])
            self.slip_interrogator = SlipInterrogator(reader, self.profile, self.masker)

    def warm_up(self) -> None:
        """Load the readers' models aside, so that the first judgement does not wait for them."""
        frame, paper = self.eye.last_frame, self.slips.frame if self.slips else None

        def load() -> None:
            if frame is not None:
                # Another reader with the same models: whatever is shown now, also nothing, must not fit the grid.
                self.blind_reader.read_screen(frame)
            if self.slips is not None and paper is not None:
                self.slips.warm_up(paper)

        self.worker.submit(load)

    def _emit(self, kind: str, **data: Any) -> None:
        """In whichever thread a role acts."""
        if kind == "link" and data.get("action") in ("up", "down"):
            self.link_up = data["action"] == "up"
        self.timeline.append(kind, **data)

    def _heard(self, event: HostEvent) -> None:
        """In the host's thread."""
        if isinstance(event, HostRequest):
            self._unanswered.add(event.seq)
        if isinstance(event, HostExchange):
            self.exchanges.append(event)
            self._unanswered.discard(event.seq)
        data = to_dict(event)
        kind = str(data.pop("type", "host"))
        at = data.pop("at", None)
        self.timeline.append(kind, at=at, **{name: value for name, value in data.items() if name != "kind"})

    def host_quiet(self, deadline: float) -> bool:
        """Wait until every request that came has its exchange recorded; one that has not by then is given up."""
        quiet = bool(self.timeline.wait_for(lambda: None if self._unanswered else True, deadline))
        if not quiet:
            self._unanswered.clear()
        return quiet

    def troubles(self, since: float, until: float) -> tuple[Episode, ...]:
        """What was wrong with a camera at some time between the two, waiting until each watch can tell."""
        return tuple(one for lookout in self.lookouts for one in lookout.episodes(since, until))

    def prove(self) -> dict[str, str]:
        """Ask the instruments to prove themselves: their word by the first part of a point; reasons on the timeline."""
        words: dict[str, str] = {}
        reasons: dict[str, str] = {}

        def ask(point: str, *checks: Callable[[], None]) -> None:
            try:
                for check in checks:
                    check()
                words[point] = "clears_rig"
            except Exception as error:  # noqa: BLE001 - any failure of an instrument's own check blames it
                words[point] = "blames_rig"
                reasons[point] = str(error)

        boards = [switches.check for switches in self.rig.switches.values()]
        ask("screen", self._fresh_screen, *boards)
        if self.slips is not None:
            ask("slip", self.slips.check, *boards)
        ask("host", self.host.check, *([self.rig.link.check] if self.rig.link else []))
        for name in ("ecr", "console"):
            if name in self.rig.lines:
                ask(name, self.rig.lines[name].check)
        self.timeline.append("proved", words=words, reasons=reasons)
        return words

    def _fresh_screen(self) -> None:
        """Two more frames, sound ones."""
        self.eye.check()
        camera = self.rig.cameras["screen"]
        latest = camera.latest()
        index = latest.index if latest else -1
        deadline = time.monotonic() + 2.0
        camera.after(camera.after(index, deadline).index, deadline)
        self.eye.check()

    def close(self) -> None:
        """Idempotent; switches open first."""
        self.rig.safe()
        self._closing.close()


def _marks(view: CameraView) -> Marks | None:
    return None if view.watch is None else Marks(patch=view.watch.patch, edges=view.watch.edges)


def _step_back() -> None:
    """Reading ahead yields to operating: the reader's thread asks for less of the processor, where it may."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
