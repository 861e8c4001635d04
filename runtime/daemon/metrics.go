package daemon

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tenon/runtime/event"
)

// metrics are what Prometheus reads. Labels are names of the author's, never data.
type metrics struct {
	registry   *prometheus.Registry
	runs       *prometheus.CounterVec // ended
	seconds    *prometheus.HistogramVec
	writes     *prometheus.CounterVec
	requests   *prometheus.CounterVec
	retries    *prometheus.CounterVec
	deliveries *prometheus.CounterVec
	reloads    *prometheus.CounterVec

	mu    sync.Mutex
	names map[string]string // integrations of the runs under way, by ID
}

func newMetrics(d *Daemon) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), names: map[string]string{}}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tenon", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.runs = counter("runs_total", "Runs that ended, by how.", "integration", "status")
	m.writes = counter("writes_total", "Writes that servers took.", "integration")
	m.requests = counter("requests_total", "Answers to requests, by the class of their status.", "integration", "step", "status")
	m.retries = counter("retries_total", "Attempts that were followed by another one.", "integration", "step")
	m.deliveries = counter("deliveries_total", "What triggers were told, by what became of it.", "integration", "trigger", "outcome")
	m.reloads = counter("reloads_total", "Times that the project was loaded.", "outcome")
	m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "tenon", Name: "run_seconds", Help: "How long runs took.", Buckets: []float64{.1, .5, 1, 5, 15, 60, 300, 900, 3600, 14400},
	}, []string{"integration"})
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "tenon", Name: name, Help: help}, f)
	}
	m.registry.MustRegister(m.seconds, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("runs_waiting", "Runs that wait for their turn.", func() float64 { n, _ := d.queue.lengths(); return float64(n) }),
		gauge("runs_active", "Runs under way.", func() float64 { _, n := d.queue.lengths(); return float64(n) }),
		gauge("integrations", "Integrations that are loaded.", func() float64 {
			if s := d.set.Load(); s != nil {
				return float64(len(s.Programs))
			}
			return 0
		}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// hear returns a sink that counts events and passes them on.
func (d *Daemon) hear(next func(event.Envelope)) func(event.Envelope) {
	return func(x event.Envelope) {
		d.metrics.count(x)
		d.o.Tracer.hear(x)
		if next != nil {
			next(x)
		}
	}
}

var classes = [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

func (m *metrics) count(x event.Envelope) {
	switch e := x.Event.(type) {
	case event.RunStarted:
		m.mu.Lock()
		m.names[x.Run] = e.Integration
		m.mu.Unlock()
	case event.ResponseReceived:
		if e.Status >= 0 && e.Status < 600 {
			m.requests.WithLabelValues(m.of(x.Run), e.Step, classes[e.Status/100]).Inc()
		}
	case event.RetryScheduled:
		m.retries.WithLabelValues(m.of(x.Run), e.Step).Inc()
	case event.RunDone:
		name := m.of(x.Run)
		m.runs.WithLabelValues(name, string(e.Status)).Inc()
		m.writes.WithLabelValues(name).Add(float64(e.Writes))
		m.seconds.WithLabelValues(name).Observe(time.Duration(e.Took).Seconds())
		m.mu.Lock()
		delete(m.names, x.Run)
		m.mu.Unlock()
	}
}

// of is the integration of a run under way.
func (m *metrics) of(run string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.names[run]
}
