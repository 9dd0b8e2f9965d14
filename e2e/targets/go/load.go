package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math/rand"
	"runtime"
	"sort"
	"sync"
	"time"
)

const (
	tick         = 100 * time.Millisecond
	maxLeakBytes = 200_000_000
	sessionBytes = 4096
)

type item struct {
	SKU      string            `json:"sku"`
	Quantity int               `json:"quantity"`
	Cents    int64             `json:"cents"`
	Tags     map[string]string `json:"tags"`
}

type cart struct {
	Customer string `json:"customer"`
	Items    []item `json:"items"`
}

type inventory struct {
	mu    sync.Mutex
	stock map[string]int
}

var (
	warehouse = inventory{stock: map[string]int{}}
	sessions  [][]byte
	leaked    int
	total     int64 // keeps the compiler from dropping work
)

// startLoad starts workers that together burn about a tenth of a core, whatever the speed of the machine:
// each works for a fixed part of every tick.
func startLoad(version, leakBytesPerSecond int) {
	orders := make(chan cart)
	go everyTick(2*time.Millisecond, func(r *rand.Rand) { orders <- decodeCart(encodeCart(newCart(r, 8))) })
	for i := 0; i < 2; i++ {
		go fulfilOrders(orders)
	}
	go everyTick(2*time.Millisecond, func(r *rand.Rand) { rankItems(newCart(r, 60).Items) })
	go everyTick(2*time.Millisecond, func(r *rand.Rand) { signReceipt(r) })
	for i := 0; i < 3; i++ {
		go everyTick(500*time.Microsecond, func(r *rand.Rand) { warehouse.restock(r) })
	}
	if version >= 2 {
		go everyTick(8*time.Millisecond, func(r *rand.Rand) { total += priceWithDiscounts(newCart(r, 4)) })
		go leak(leakBytesPerSecond)
	}
	go collectOften()
}

func everyTick(budget time.Duration, work func(*rand.Rand)) {
	random := rand.New(rand.NewSource(time.Now().UnixNano()))
	for range time.Tick(tick) {
		for start := time.Now(); time.Since(start) < budget; {
			work(random)
		}
	}
}

// collectOften keeps heap profiles fresh: they show the heap as of the last collection.
func collectOften() {
	for range time.Tick(2 * time.Second) {
		runtime.GC()
	}
}

func newCart(r *rand.Rand, size int) cart {
	items := make([]item, size)
	for i := range items {
		items[i] = item{SKU: sku(r), Quantity: 1 + r.Intn(5), Cents: int64(r.Intn(10_000)), Tags: map[string]string{"color": "red"}}
	}
	return cart{Customer: sku(r), Items: items}
}

func sku(r *rand.Rand) string {
	const letters = "ABCDEFGH"
	text := make([]byte, 6)
	for i := range text {
		text[i] = letters[r.Intn(len(letters))]
	}
	return string(text)
}

//go:noinline
func encodeCart(c cart) []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return text
}

//go:noinline
func decodeCart(text []byte) cart {
	var c cart
	if err := json.Unmarshal(text, &c); err != nil {
		panic(err)
	}
	return c
}

func fulfilOrders(orders <-chan cart) {
	for order := range orders {
		warehouse.take(order)
	}
}

//go:noinline
func (w *inventory) take(c cart) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range c.Items {
		w.stock[line.SKU] -= line.Quantity
	}
	if len(w.stock) > 2000 {
		w.stock = map[string]int{}
	}
}

//go:noinline
func (w *inventory) restock(r *rand.Rand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stock[sku(r)] += 10
	time.Sleep(50 * time.Microsecond) // a slow holder, so that others wait
}

//go:noinline
func rankItems(items []item) {
	sort.Slice(items, func(i, j int) bool { return items[i].Cents < items[j].Cents })
}

//go:noinline
func signReceipt(r *rand.Rand) string {
	receipt := make([]byte, 2048)
	r.Read(receipt)
	sum := sha256.Sum256(receipt)
	return hex.EncodeToString(sum[:])
}

// priceWithDiscounts is what version 2 made slow: it tries discounts one by one, in its own frame.
//
//go:noinline
func priceWithDiscounts(c cart) int64 {
	best := int64(1) << 62
	for discount := int64(0); discount < 5000; discount++ {
		sum := int64(0)
		for i := range c.Items {
			line := &c.Items[i]
			price := line.Cents * int64(line.Quantity) * (10_000 - discount)
			sum += price/10_000 + price%7
		}
		if sum < best {
			best = sum
		}
	}
	return best
}

func leak(bytesPerSecond int) {
	start := time.Now()
	for range time.Tick(tick) {
		due := int(time.Since(start).Seconds() * float64(bytesPerSecond))
		for leaked < due && leaked < maxLeakBytes {
			rememberSession()
		}
	}
}

// rememberSession is what version 2 leaks: nothing ever forgets a session.
//
//go:noinline
func rememberSession() {
	sessions = append(sessions, make([]byte, sessionBytes))
	leaked += sessionBytes
}
