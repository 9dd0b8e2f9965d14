// Command shop is a profiling target for tests: a small service that makes its own load.
//
// Version 1 keeps a steady profile. Version 2 adds one hot function (main.priceWithDiscounts) and one
// leak (main.rememberSession), so that tests know what a diff between the two must show.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

var (
	addr            = flag.String("addr", "127.0.0.1:0", "address to listen on")
	version         = flag.Int("version", 1, "1, or 2 with a hot function and a leak")
	leakRate        = flag.Int("leak-bytes-per-second", 1<<20, "how fast version 2 leaks")
	holdMegabytes   = flag.Int("hold-mb", 0, "megabytes to hold from start to end")
	exitOnStdinEOF  = flag.Bool("exit-on-stdin-close", false, "exit when standard input closes")
	ballast         [][]byte
	shutdownTimeout = time.Second
)

func main() {
	// Finer than the default of 512 KiB, so that small heaps are estimated well. Must come before any real allocation.
	runtime.MemProfileRate = 64 * 1024
	flag.Parse()
	runtime.SetBlockProfileRate(10_000) // one sample per 10 us blocked
	runtime.SetMutexProfileFraction(5)

	ballast = holdBallast(*holdMegabytes)
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	startLoad(*version, *leakRate)

	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "shop version %d\n", *version)
	})
	server := &http.Server{}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Fatal(err)
		}
	}()
	fmt.Printf("listening on %s\n", listener.Addr())
	waitForEnd()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	_ = server.Shutdown(ctx)
	runtime.KeepAlive(ballast)
}

func waitForEnd() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	if *exitOnStdinEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			end <- syscall.SIGTERM
		}()
	}
	<-end
}

// holdBallast allocates megabytes that live as long as the process; the pages are never touched.
//
//go:noinline
func holdBallast(megabytes int) [][]byte {
	held := make([][]byte, 0, megabytes)
	for i := 0; i < megabytes; i++ {
		held = append(held, make([]byte, 1<<20))
	}
	return held
}
