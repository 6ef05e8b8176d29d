import { useEffect } from "react";
import { preferences, useApp } from "../data/index.ts";
import { navigate } from "../route/index.ts";
import { noticeOf } from "./notices.ts";

/** Length, in seconds, and pitch, in Hz, of the sound. */
const BEEP = { seconds: 0.12, pitch: 660, volume: 0.05 };

/** Tells what happened while nobody looks at the page; while it is seen, it says it itself. */
export function Notifier() {
  const app = useApp();
  useEffect(
    () =>
      app.library.listen((event) => {
        if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return;
        const wanted = preferences.get().notify;
        const notice = noticeOf(event, app.library.store.get().sessions, wanted);
        if (notice === undefined) return;
        const shown = new Notification(notice.title, {
          body: notice.body,
          tag: notice.tag,
          icon: "/icon.svg",
        });
        shown.addEventListener("click", () => {
          window.focus();
          navigate({ at: "session", sessionId: notice.sessionId });
          shown.close();
        });
        if (wanted.sound) beep();
      }),
    [app],
  );
  return null;
}

function beep(): void {
  const audio = new AudioContext();
  const volume = audio.createGain();
  volume.gain.value = BEEP.volume;
  const tone = audio.createOscillator();
  tone.frequency.value = BEEP.pitch;
  tone.connect(volume).connect(audio.destination);
  tone.addEventListener("ended", () => void audio.close());
  tone.start();
  tone.stop(audio.currentTime + BEEP.seconds);
}
