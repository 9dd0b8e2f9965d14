// Times Google's profile.ParseData (gunzip, parse, check) on the files given as arguments, on one thread, and prints
// {"micros": [...]}: the fastest of all rounds per file.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/google/pprof/profile"
)

func main() {
	runtime.GOMAXPROCS(1)
	rounds, err := strconv.Atoi(os.Args[1])
	exitOn(err)
	var files [][]byte
	for _, path := range os.Args[2:] {
		file, err := os.ReadFile(path)
		exitOn(err)
		files = append(files, file)
	}
	micros := make([]float64, len(files))
	for round := 0; round < rounds; round++ {
		for i, file := range files {
			start := time.Now()
			_, err := profile.ParseData(file)
			exitOn(err)
			took := float64(time.Since(start).Nanoseconds()) / 1e3
			if round == 0 || took < micros[i] {
				micros[i] = took
			}
		}
	}
	exitOn(json.NewEncoder(os.Stdout).Encode(map[string][]float64{"micros": micros}))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
