'use strict';
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const CONFIG = {displaylogo: false, responsive: true, displayModeBar: false};

// ---- charts: drawn when they come into view, so that the page opens at once
const drawn = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    drawn.unobserve(entry.target);
    const figure = read(entry.target.id + '-data');
    Plotly.newPlot(entry.target, figure.data, figure.layout, CONFIG);
  }
}, {rootMargin: '400px'});
document.querySelectorAll('.chart').forEach((chart) => drawn.observe(chart));

// ---- navigation: the section that is read
const links = new Map([...document.querySelectorAll('nav a')].map((a) => [a.hash.slice(1), a]));
const sections = [...document.querySelectorAll('section')];
const mark = () => {
  const above = sections.filter((one) => one.getBoundingClientRect().top < 120);
  const here = (above.length ? above[above.length - 1] : sections[0]);
  links.forEach((link, id) => link.classList.toggle('here', here && id === here.id));
};
addEventListener('scroll', mark, {passive: true});
mark();

// ---- gallery: one tab per branch
document.querySelectorAll('.tabs button').forEach((button) => button.addEventListener('click', () => {
  document.querySelectorAll('.tabs button').forEach((one) => one.classList.toggle('on', one === button));
  document.querySelectorAll('.tab-body').forEach((body) => {
    body.hidden = body.dataset.tab !== button.dataset.tab;
  });
}));

// ---- timelines
const select = document.getElementById('video');
if (select && select.options.length) {
  const LOOKS = read('looks');
  const plot = document.getElementById('timeline');
  const face = document.getElementById('face');
  const facts = document.getElementById('facts');
  const cursor = document.getElementById('cursor');
  const SIZE = 224;
  let video = null, pointer = 0, playing = 0;

  const places = new Map([...select.options].map((option, place) => [option.dataset.name, place]));

  // index of the sample closest to a time
  const nearest = (times, time) => {
    let low = 0, high = times.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= time) low = middle; else high = middle;
    }
    return time - times[low] <= times[high] - time ? low : high;
  };
  const text = (value, digits) => (value === null || value === undefined ? '' : value.toFixed(digits));

  const traces = () => {
    const time = video.time, list = [];
    const line = (name, y, axis, colour, more) => list.push({
      type: 'scatter', mode: 'lines', x: time, y, yaxis: axis, name, hoverinfo: 'skip',
      line: {color: colour, width: 1.3}, ...more,
    });
    line('evidence', video.evidence.map((v) => (v === null ? null : Math.max(v, 0.5))), 'y', '#1f2933');
    video.areas.forEach((area) => line(area.name, area.moved, 'y2', area.colour, area.name === 'other' ? {line: {color: area.colour, width: 1.3, dash: 'dot'}} : {}));
    line('head', video.head, 'y3', '#40616f', {fill: 'tozeroy', fillcolor: 'rgba(64,97,111,.25)'});
    for (const type of ['me', 'mae']) {
      for (const good of [true, false]) {
        const bars = [];
        video.rows.forEach((row, level) => row.bars.forEach((bar) => {
          if (bar.type === type && (bar.verdict === 'hit' || bar.verdict === 'found') === good) {
            bars.push([bar, level, row.name]);
          }
        }));
        const colour = LOOKS.colours[type];
        list.push({
          type: 'bar', orientation: 'h', yaxis: 'y4', showlegend: false, width: 0.38,
          base: bars.map(([bar]) => bar.start), x: bars.map(([bar]) => bar.end - bar.start),
          y: bars.map(([, level]) => -level + (type === 'me' ? 0.2 : -0.2)),
          text: bars.map(([bar, , name]) => `${name}: ${LOOKS.names[type]}`
            + (bar.verdict === 'found' ? '' : `, ${({hit: 'hit', miss: 'missed', false: 'false alarm'})[bar.verdict]}`)
            + `<br>frames ${bar.onset} to ${bar.offset}, ${(bar.end - bar.start).toFixed(2)} s`
            + (bar.score === null ? '' : `<br>score ${bar.score.toFixed(2)}`)),
          hovertemplate: '%{text}<extra></extra>', textposition: 'none',
          marker: good ? {color: colour} : {
            color: '#ffffff', line: {color: colour, width: 1},
            pattern: {shape: '/', fgcolor: colour, bgcolor: '#ffffff', size: 5, solidity: 0.35},
          },
        });
      }
    }
    return list;
  };

  const layout = (range) => {
    const tallest = video.evidence.reduce((top, v) => Math.max(top, v || 0), 2 * video.threshold);
    const shade = (colour) => ([x0, x1]) => ({
      type: 'rect', x0, x1, y0: 0.27, y1: 1, yref: 'paper', line: {width: 0}, fillcolor: colour, layer: 'below',
    });
    const y = (title, domain, more) => ({
      title: {text: title, font: {size: 12}}, domain, fixedrange: true, zeroline: false,
      gridcolor: '#edf0f2', tickfont: {size: 11}, ...more,
    });
    const ticks = [1, 3, 10, 30, 100, 300].filter((tick) => tick < tallest * 1.4);
    return {
      template: 'none', height: 600, margin: {l: 70, r: 12, t: 34, b: 44}, barmode: 'overlay',
      font: {family: 'system-ui, "DejaVu Sans", sans-serif', size: 12, color: '#1f2933'},
      hovermode: 'closest', dragmode: 'zoom', showlegend: true,
      legend: {orientation: 'h', x: 0, y: 1.01, yanchor: 'bottom', font: {size: 12}},
      xaxis: {
        title: {text: 'time, s'}, range, anchor: 'y4', gridcolor: '#edf0f2', zeroline: false,
        minallowed: 0, maxallowed: video.end,
      },
      yaxis: y('evidence,<br>noise SDs', [0.68, 1], {
        type: 'log', range: [Math.log10(0.5), Math.log10(tallest * 1.4)], tickvals: ticks, ticktext: ticks.map(String),
      }),
      yaxis2: y('movement,<br>% IOD', [0.38, 0.64], {rangemode: 'tozero'}),
      yaxis3: y('head,<br>IOD/s', [0.27, 0.35], {rangemode: 'tozero', nticks: 3}),
      yaxis4: y('', [0, 0.23], {
        range: [-video.rows.length + 0.5, 0.5], showgrid: false,
        tickvals: video.rows.map((_, level) => -level), ticktext: video.rows.map((row) => row.name),
      }),
      shapes: [
        ...video.speech.slice(0, 500).map(shade('#e3edfa')),
        ...video.blinks.slice(0, 500).map(shade('#fbedc9')),
        ...video.faceless.slice(0, 500).map(shade('#d5dadf')),
        {type: 'line', xref: 'paper', x0: 0, x1: 1, y0: video.threshold, y1: video.threshold,
          line: {color: '#b3261e', width: 1, dash: 'dash'}},
        ...video.rows.map((_, level) => ({type: 'line', xref: 'paper', x0: 0, x1: 1, yref: 'y4',
          y0: -level - 0.5, y1: -level - 0.5, line: {color: '#e3e7ea', width: 1}})),
      ],
      annotations: [{
        x: 0, xref: 'paper', y: Math.log10(video.threshold), xanchor: 'left', yanchor: 'bottom',
        text: `bumps from ${video.threshold}`, showarrow: false, font: {size: 11, color: '#b3261e'},
      }],
    };
  };

  const shown = () => plot.layout.xaxis.range.map(Number);
  const area = () => plot.querySelector('.nsewdrag').getBoundingClientRect();

  const point = (time) => {
    pointer = Math.min(Math.max(time, 0), video.end);
    const [from, to] = shown(), box = area(), outer = plot.parentElement.getBoundingClientRect();
    const share = (pointer - from) / (to - from);
    cursor.style.display = share >= 0 && share <= 1 ? 'block' : 'none';
    cursor.style.left = (box.left - outer.left + share * box.width) + 'px';
    cursor.style.top = (box.top - outer.top) + 'px';
    cursor.style.height = (plot.getBoundingClientRect().height - (box.top - outer.top) - 44) + 'px';
    if (video.sprite) {
      const place = nearest(video.sprite.time, pointer), columns = video.sprite.columns;
      face.style.backgroundPosition =
        `${-SIZE * (place % columns)}px ${-SIZE * Math.floor(place / columns)}px`;
      face.dataset.place = place;
      face.dataset.time = video.sprite.time[place];
    }
    const sample = nearest(video.time, pointer);
    const rows = [['time', pointer.toFixed(2) + ' s']];
    if (video.first !== null) {
      const frame = Math.min(Math.floor(pointer * video.fps + 1e-6), Math.round(video.end * video.fps) - 1);
      rows.push(['frame', video.first + frame]);
    }
    rows.push(['evidence', text(video.evidence[sample], 1) + ' SD']);
    rows.push(['head', text(video.head[sample], 2) + ' IOD/s']);
    if (video.sprite) rows.push(['face of', text(video.sprite.time[Number(face.dataset.place)], 2) + ' s']);
    facts.innerHTML = '<dl>' + rows.map(([key, value]) => `<dt>${key}</dt><dd>${value}</dd>`).join('') + '</dl>';
    for (const row of video.rows) {
      for (const bar of row.bars) {
        if (pointer < bar.start || pointer > bar.end) continue;
        const chip = document.createElement('span');
        chip.className = 'chip';
        chip.style.borderColor = LOOKS.colours[bar.type];
        chip.textContent = `${row.name}: ${LOOKS.names[bar.type]}` + (bar.score === null ? '' : ` ${bar.score.toFixed(2)}`);
        facts.append(chip);
      }
    }
  };

  const zoom = (from, to) => Plotly.relayout(plot, {
    'xaxis.range': [Math.max(0, from), Math.min(video.end, to)],
  });

  const show = (place, range) => {
    select.selectedIndex = place;
    video = read('video-' + place);
    if (video.sprite) {
      const {src, columns, time} = video.sprite;
      face.style.backgroundImage = `url(${src})`;
      face.style.backgroundSize = `${SIZE * columns}px ${SIZE * Math.ceil(time.length / columns)}px`;
    }
    face.style.visibility = video.sprite ? 'visible' : 'hidden';
    const from = range || [0, video.end];
    return Plotly.react(plot, traces(), layout(from), {...CONFIG, scrollZoom: true}).then(() => {
      point(range ? (range[0] + range[1]) / 2 : 0);
    });
  };

  const spans = () => video.rows.flatMap((row) => row.bars.map((bar) => [bar.start, bar.end]))
    .sort((a, b) => a[0] - b[0]);
  const around = ([from, to]) => {
    const margin = Math.max(1, to - from);
    return [Math.max(0, from - margin), Math.min(video.end, to + margin)];
  };
  const jump = (forward) => {
    const middle = ([from, to]) => (from + to) / 2;
    const other = spans().filter((span) => (forward ? middle(span) > pointer + 0.05 : middle(span) < pointer - 0.05));
    if (!other.length) return;
    const span = forward ? other[0] : other[other.length - 1];
    zoom(...around(span)).then(() => point(middle(span)));
  };
  const step = (by) => {
    const times = video.sprite ? video.sprite.time : video.time;
    const place = nearest(times, pointer) + by;
    if (place >= 0 && place < times.length) point(times[place]);
  };
  const stop = () => {
    cancelAnimationFrame(playing);
    playing = 0;
    document.getElementById('play').textContent = 'play';
  };
  const play = () => {
    if (playing) return stop();
    let [from, to] = shown(), last = null;
    if (pointer >= from && pointer < to - 0.05) from = pointer;
    document.getElementById('play').textContent = 'stop';
    const tick = (now) => {
      if (last !== null) from += (now - last) / 1000;
      last = now;
      point(from);
      playing = from < to ? requestAnimationFrame(tick) : (stop(), 0);
    };
    playing = requestAnimationFrame(tick);
  };

  plot.parentElement.addEventListener('mousemove', (event) => {
    if (playing) return;
    const box = area();
    if (event.clientX < box.left || event.clientX > box.right) return;
    const [from, to] = shown();
    point(from + (to - from) * (event.clientX - box.left) / box.width);
  });
  plot.parentElement.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      event.preventDefault();
      step(event.key === 'ArrowLeft' ? -1 : 1);
    }
  });
  const on = (id, action) => document.getElementById(id).addEventListener('click', () => { stop(); action(); });
  on('previous', () => show(Math.max(0, select.selectedIndex - 1)));
  on('next', () => show(Math.min(select.options.length - 1, select.selectedIndex + 1)));
  on('whole', () => zoom(0, video.end));
  on('earlier', () => jump(false));
  on('later', () => jump(true));
  document.getElementById('play').addEventListener('click', play);
  select.addEventListener('change', () => { stop(); show(select.selectedIndex); });
  document.querySelectorAll('.card').forEach((card) => card.addEventListener('click', (event) => {
    const place = places.get(card.dataset.video);
    if (place === undefined) { event.preventDefault(); return; }
    const from = Number(card.dataset.start), to = Number(card.dataset.end), margin = Math.max(1, to - from);
    show(place, [Math.max(0, from - margin), to + margin]);
  }));
  show(0).then(() => {
    plot.on('plotly_relayout', () => point(pointer));
    document.body.dataset.ready = 'yes';
  });
}
