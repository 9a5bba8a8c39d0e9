// A crosshair over the bands of a night: what was decided and measured at the instant under the pointer, or, with the
// arrow keys, at the instant chosen. The page is complete without it; this adds a reading, never a fact.

const NAMES = { W: "Wake", R: "REM", L: "Light", D: "Deep", "?": "Unknown", "-": "Not staged" };
const PAGE_EPOCHS = 20; // ten minutes

const chart = document.getElementById("chart");
const axis = document.getElementById("axis");
const readout = document.getElementById("readout");
const night = JSON.parse(document.getElementById("epochs").textContent);
const count = night.stages.length;

const line = document.createElement("div");
line.className = "crosshair";
line.hidden = true;
chart.append(line);

function time(epoch) {
  const ms = night.zero_ms + epoch * night.epoch_ms;
  const pad = (n) => String(n).padStart(2, "0");
  if (night.has_clock) {
    const at = new Date(ms); // local time disguised as UTC, so no time zone of the browser comes in
    return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}:${pad(at.getUTCSeconds())}`;
  }
  const s = Math.round(Math.abs(ms) / 1000);
  return `${ms < 0 ? "−" : ""}${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`;
}

function words(epoch) {
  const parts = [time(epoch), NAMES[night.stages[epoch]]];
  if (night.sure[epoch] !== null) parts.push(`likeliest ${Math.round(night.sure[epoch] / 10)} %`);
  parts.push(night.bpm[epoch] === null ? "no heart rate" : `${Math.round(night.bpm[epoch])} bpm`);
  parts.push(night.counts[epoch] === null ? "movement not measured" : `movement ${Math.round(night.counts[epoch])}`);
  return parts.join(" · ");
}

let chosen = 0;

function show(epoch) {
  chosen = Math.min(Math.max(epoch, 0), count - 1);
  const left = axis.offsetLeft + ((chosen + 0.5) / count) * axis.clientWidth;
  line.style.left = `${left}px`;
  line.hidden = readout.hidden = false;
  readout.textContent = words(chosen);
  chart.setAttribute("aria-valuenow", chosen);
  chart.setAttribute("aria-valuetext", words(chosen));
}

function hide() {
  line.hidden = readout.hidden = true;
}

function point(event) {
  const box = axis.getBoundingClientRect();
  const share = (event.clientX - box.left) / box.width;
  if (share < 0 || share > 1) hide();
  else show(Math.floor(share * count));
}

if (count) {
  chart.tabIndex = 0;
  chart.setAttribute("role", "slider");
  chart.setAttribute("aria-label", "Instant of the night; left and right arrows move by half a minute");
  chart.setAttribute("aria-valuemin", 0);
  chart.setAttribute("aria-valuemax", count - 1);
  chart.setAttribute("aria-valuenow", 0);
  chart.setAttribute("aria-valuetext", words(0));
  chart.addEventListener("pointermove", point);
  chart.addEventListener("pointerdown", point);
  chart.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  chart.addEventListener("focus", () => chart.matches(":focus-visible") && show(chosen));
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageDown: -PAGE_EPOCHS, PageUp: PAGE_EPOCHS, Home: -count, End: count };
    if (event.key === "Escape") hide();
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(chosen + steps[event.key]);
  });
  addEventListener("resize", () => !line.hidden && show(chosen));
}
