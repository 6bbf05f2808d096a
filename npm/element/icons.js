// Pictures of the controls as outlines on a square of 24, drawn with a stroke.
export const icons = {
  microphone: ["M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3z", "M6 11a6 6 0 0 0 12 0", "M12 17v4", "M9 21h6"],
  muted: ["M9 9v2a3 3 0 0 0 4.5 2.6", "M15 10V6a3 3 0 0 0-5.8-1", "M6 11a6 6 0 0 0 9.5 4.9", "M18 11a6 6 0 0 1-.4 2.2", "M12 17v4", "M9 21h6", "M4 4l16 16"],
  talk: ["M4 12h2", "M8 8v8", "M12 5v14", "M16 8v8", "M18 12h2"],
  devices: ["M4 7h9", "M17 7h3", "M15 5v4", "M4 17h3", "M11 17h9", "M9 15v4", "M4 12h5", "M13 12h7", "M11 10v4"],
  volume: ["M4 10v4h3l5 4V6L7 10z", "M15.5 9a4 4 0 0 1 0 6", "M18 6.5a8 8 0 0 1 0 11"],
  text: ["M4 5h16v11H10l-4 4v-4H4z", "M8 9h8", "M8 12h5"],
  leave: ["M10 4H5v16h5", "M14 8l4 4-4 4", "M18 12H9"],
  join: ["M14 4h5v16h-5", "M10 8l4 4-4 4", "M14 12H4"],
  search: ["M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z", "M16 16l5 5"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  up: ["M6 15l6-6 6 6"],
  down: ["M6 9l6 6 6-6"],
  help: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9.5 9.5a2.5 2.5 0 1 1 3.6 2.2c-.7.4-1.1.9-1.1 1.8", "M12 16.5v.5"],
};
